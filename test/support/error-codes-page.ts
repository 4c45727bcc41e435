/** The page about error codes, made from the docstrings of `src/errors.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const INTRODUCTION = `# Error codes

Every error of this library is a \`ReceiptsError\` with a stable \`code\`. Branch on the code, never on the text: the text names the thing,
the value seen and the way out, and may change. \`retryable\` says whether the same call may succeed later.

\`\`\`ts
import { ReceiptsError } from 'tidemark';

try {
  await client.sendReadReceipts('direct:bob', ids);
} catch (error) {
  if (!(error instanceof ReceiptsError)) throw error;
  if (error.code === 'store/quota-exceeded') showToast('This device is full: the receipt was not stored.');
  else if (!error.retryable) report(error.code, error.message);
}
\`\`\`

\`createReceiptClient\`, \`watch…\` and \`viewConversation\` throw a \`UsageError\` at once; every call that returns a promise rejects. Trouble in
the background is a value in \`watchConnection()\`, and a refused entry is a value in \`watchDeadLetters()\`.
`;

interface Family {
  readonly errorClass: string;
  readonly codes: readonly { readonly code: string; readonly meaning: string; readonly todo: string }[];
}

const textBefore = (node: ts.Node): string => {
  const before = node
    .getSourceFile()
    .text.slice(0, node.getStart())
    .replace(/[|\s]+$/, '');
  if (!before.endsWith('*/')) return '';
  return before
    .slice(before.lastIndexOf('/**') + 3, -2)
    .replace(/^\s*\* ?/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();
};

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');

/** @throws for a code without a meaning, or without a word on what to do. */
export const errorFamilies = (root: string): readonly Family[] => {
  const path = join(root, 'src/errors.ts');
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  return source.statements.filter(ts.isTypeAliasDeclaration).flatMap((declaration) => {
    const { name, type } = declaration;
    const literals = ts.isUnionTypeNode(type) ? type.types.filter(ts.isLiteralTypeNode) : [];
    if (literals.length === 0) return [];
    const codes = literals.map((literal) => {
      const code = (literal.literal as ts.StringLiteral).text;
      const [meaning = '', todo = ''] = textBefore(literal).split(/\.? Do: /);
      if (meaning === '' || todo === '') throw new Error(`${code} has no docstring of the form "Meaning. Do: what the app does."`);
      return { code, meaning: sentence(meaning), todo: sentence(todo) };
    });
    return [{ errorClass: name.text.replace(/Code$/, 'Error'), codes }];
  });
};

export const errorCodesPage = (root: string): string => {
  const tables = errorFamilies(root).map(({ errorClass, codes }) => {
    const rows = codes.map(({ code, meaning, todo }) => `| \`${code}\` | ${meaning} | ${todo} |`);
    return `## ${errorClass}\n\n| code | meaning | what to do |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return [INTRODUCTION, ...tables].join('\n');
};
