/** The entry points of the package, and the names that each of them exports, as the compiler sees them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** The source of each entry point, by the name for apps. */
export const entryPoints = (root: string): Map<string, string> => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const config = readFileSync(join(root, 'tsdown.config.ts'), 'utf8');
  const sources = new Map([...config.matchAll(/^\s*'?([\w/-]+)'?: '(src\/[^']+)'/gm)].map(([, name, source]) => [name!, source!]));
  sources.set('worker', 'src/worker/self-starting.ts');
  const found = new Map<string, string>();
  for (const [name, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const source = sources.get(target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, ''));
    if (!source) throw new Error(`the entry point ${name} has no source in tsdown.config.ts`);
    found.set(name, source);
  }
  return found;
};

/** The symbol that an import or an export means. */
export const behindAlias = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

export interface PublicSurface {
  readonly checker: ts.TypeChecker;
  /** The exported names of each entry point, in the order of the alphabet. */
  readonly exportsOf: ReadonlyMap<string, readonly ts.Symbol[]>;
}

/** @param root the folder of package.json. */
export const publicSurface = (root: string): PublicSurface => {
  const entries = entryPoints(root);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [...entries.values()] }, ts.sys, root);
  const program = ts.createProgram(
    [...entries.values()].map((source) => join(root, source)),
    options,
  );
  const checker = program.getTypeChecker();
  const exportsOf = new Map(
    [...entries].map(([entry, source]) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, source))!);
      return [entry, module ? checker.getExportsOfModule(module).sort((a, b) => (a.name < b.name ? -1 : 1)) : []];
    }),
  );
  return { checker, exportsOf };
};
