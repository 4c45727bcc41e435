/** Checks the types of code blocks: each block is a module of its own, beside the names that its page takes for granted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './guide-blocks.ts';
import { entryPoints } from './public-surface.ts';

const NAMES = 'test/support/guide-names.ts';

const namesIn = (root: string): string[] => {
  const text = readFileSync(join(root, NAMES), 'utf8');
  const exported = [...text.matchAll(/^export (?:type )?\{ ([^}]*) \}/gm)].flatMap(([, names]) => names!.split(', '));
  return [...exported, ...[...text.matchAll(/^export (?:declare const|interface) (\w+)/gm)].map(([, name]) => name!)];
};

/** The names that a module declares or imports at its top level. */
const declaredIn = (source: ts.SourceFile): Set<string> => {
  const names = new Set<string>();
  const add = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) add(name);
    else if (
      (ts.isFunctionDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) &&
      statement.name
    )
      names.add(statement.name.text);
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {};
      if (name) names.add(name.text);
      if (namedBindings && ts.isNamedImports(namedBindings)) for (const each of namedBindings.elements) names.add(each.name.text);
      else if (namedBindings) names.add(namedBindings.name.text);
    }
  }
  return names;
};

const usedIn = (source: ts.SourceFile): Set<string> => {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
};

const moduleOf = ({ code }: CodeBlock, known: readonly string[], fileName: string): string => {
  const source = ts.createSourceFile(fileName, code, ts.ScriptTarget.ES2022, false);
  const [declared, used] = [declaredIn(source), usedIn(source)];
  const taken = known.filter((name) => used.has(name) && !declared.has(name));
  // On the first line of the block, so that its lines keep their numbers.
  return `import { ${taken.join(', ')} } from 'names-of-guides'; ${code}\nexport {};\n`;
};

const optionsOf = (root: string): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [NAMES] }, ts.sys, root);
  const doors = [...entryPoints(root)].map(([key, source]) => [`tidemark${key.slice(1)}`, [`./${source}`]]);
  return {
    ...options,
    verbatimModuleSyntax: false,
    jsx: ts.JsxEmit.ReactJSX,
    // A block shows a part of a program.
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
    paths: { ...options.paths, ...(Object.fromEntries(doors) as Record<string, string[]>), 'names-of-guides': [`./${NAMES}`] },
  };
};

/** A program of JavaScript names no types: parameters without a type, caught errors, null, the fields of a body. */
const ALLOWED_IN_JS = (code: number, text: string): boolean =>
  [2538, 7006, 7031, 18046, 18047].includes(code) || /on type '[^']*Json/.test(text);

/** Sources that do not change between two checks. */
const read = new Map<string, ts.SourceFile | undefined>();

/** @returns the problems, each with page and line. @param root the folder of package.json. */
export const checkTypes = (root: string, blocks: readonly CodeBlock[]): string[] => {
  const known = namesIn(root);
  const files = new Map(
    blocks.map((block, index) => {
      const fileName = join(root, `demo/guides/block-${index}.${block.language === 'tsx' ? 'tsx' : 'ts'}`);
      return [fileName, { block, text: moduleOf(block, known, fileName) }];
    }),
  );
  const options = optionsOf(root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name)?.text ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const block = files.get(name);
    if (block) return ts.createSourceFile(name, block.text, ts.ScriptTarget.ES2022, true);
    if (!read.has(name)) read.set(name, getSourceFile(name, ...rest));
    return read.get(name);
  };
  const declarations = ['pg.d.ts', 'prom-client.d.ts', 'web-push.d.ts'].map((name) => join(root, 'test/support', name));
  const program = ts.createProgram([...files.keys(), ...declarations], options, host);
  return [...files].flatMap(([fileName, { block }]) => {
    const source = program.getSourceFile(fileName)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].flatMap(
      ({ messageText, code, start = 0 }) => {
        const text = ts.flattenDiagnosticMessageText(messageText, ' ');
        if (block.language === 'js' && ALLOWED_IN_JS(code, text)) return [];
        const line = Number(block.where.split(':')[1]) + source.getLineAndCharacterOfPosition(start).line + 1;
        return [`${block.page}:${line} ${text}`];
      },
    );
  });
};
