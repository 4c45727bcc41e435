/**
 * Reads the titles of the tests, and the faults and invariants in the titles. A title ends with the numbers in brackets, as in `(F30)` or
 * `(I-2, F61)`. The title of a property begins with the invariant's number, as in `I-4: …`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

export interface NamedTest {
  /** The path from the repository's root, with slashes. */
  readonly file: string;
  /** The title without the numbers. */
  readonly title: string;
  readonly faults: readonly string[];
  readonly invariants: readonly string[];
}

const NUMBERED = /^(.*?)\s*\(((?:F|I-)\d+(?:,\s*(?:F|I-)\d+)*)\)$/s;
const LED_BY_NUMBER = /^(I-\d+(?:, I-\d+)*): (.*)$/s;
const PLACE = /%[sdijo]/;

/** Whether the call makes a test: `it`, `it.each([…])`, `it.skipIf(…)`, `test…`. */
const isTest = (callee: ts.Expression): boolean => {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'test';
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isTaggedTemplateExpression(callee) && isTest(callee.tag);
};

/** The rows of a table of tests, as in `it.each(rows)(title, …)`; none for any other call. */
const rowsOf = ({ expression }: ts.CallExpression): readonly ts.Expression[] => {
  const isTable = ts.isCallExpression(expression) && ts.isPropertyAccessExpression(expression.expression);
  if (!isTable || !/^(each|for)$/.test(expression.expression.name.text)) return [];
  return expression.arguments;
};

/** The text of a title, with `…` for the expressions of a template. */
const titleOf = (node: ts.Node | undefined): string | undefined => {
  if (!node) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  return undefined;
};

/** All texts in the rows of a table. The first text of a row fills the first place of the title. */
const textsIn = (nodes: readonly ts.Node[]): string[] =>
  nodes.flatMap((node) => {
    if (ts.isAsExpression(node)) return textsIn([node.expression]);
    return ts.isArrayLiteralExpression(node) ? textsIn(node.elements) : (titleOf(node) ?? []);
  });
const fill = (title: string, text: string): string => (PLACE.test(title) ? title.replace(PLACE, () => text) : text);

/** The tests of a file with the number of a fault or an invariant, in their titles or in the rows of their tables. */
export const namedTests = (file: string, text: string): NamedTest[] => {
  const found: NamedTest[] = [];
  const take = (whole: string, titleWith: (title: string) => string = (title) => title): void => {
    const [, first, rest] = LED_BY_NUMBER.exec(whole) ?? [];
    const [, title, numbers] = NUMBERED.exec(rest ?? whole) ?? [];
    const all = [first, numbers].flatMap((list) => list?.split(/,\s*/) ?? []);
    if (all.length === 0) return;
    const startingWith = (letter: string): string[] => all.filter((number) => number.startsWith(letter));
    found.push({ file, title: titleWith(title ?? rest ?? whole), faults: startingWith('F'), invariants: startingWith('I') });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const title = titleOf(node.arguments[0]);
      if (title !== undefined) {
        for (const row of textsIn(rowsOf(node))) take(row, (plain) => fill(title, plain));
        take(title);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
  return found;
};

/** The tests under `test/` of the repository at `root`, in the order of their paths. */
export const findNamedTests = (root: string): NamedTest[] =>
  readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(root, path).split(sep).join('/'), path] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([file, path]) => {
      const text = readFileSync(path, 'utf8');
      // Most files name no number. Parsing them all takes seconds.
      return /\bF\d|\bI-\d/.test(text) ? namedTests(file, text) : [];
    });
