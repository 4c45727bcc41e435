/**
 * Reads which faults and invariants the tests name. A title ends with the numbers in brackets, as in `(F30)` or `(I-2, F61)`; a title of a
 * property begins with the invariant's number, as in `I-4: …`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

export interface NamedTest {
  /** From the repository's root, with slashes. */
  readonly file: string;
  /** Without the numbers. */
  readonly title: string;
  readonly faults: readonly string[];
  readonly invariants: readonly string[];
}

const NUMBERED = /^(.*?)\s*\(((?:F|I-)\d+(?:,\s*(?:F|I-)\d+)*)\)$/s;
const LED_BY_NUMBER = /^(I-\d+(?:, I-\d+)*): (.*)$/s;

/** `it`, `it.each([…])`, `it.skipIf(…)`, `test…`: whatever hangs on one of these two names. */
const isTest = (callee: ts.Expression): boolean => {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'test';
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isTaggedTemplateExpression(callee) && isTest(callee.tag);
};

/** What of an expression can be a title; where a template fills something in, that is left open. */
const titleOf = (node: ts.Node): string | undefined => {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  return undefined;
};

/** The titles of one file. Rows of a table count as well: their first text is what the title shows. */
export const namedTests = (file: string, text: string): NamedTest[] => {
  const found: NamedTest[] = [];
  const take = (node: ts.Node | undefined): void => {
    const whole = (node && titleOf(node)) ?? '';
    const [, first, rest] = LED_BY_NUMBER.exec(whole) ?? [];
    const [, title, numbers] = NUMBERED.exec(rest ?? whole) ?? [];
    const all = [first, numbers].flatMap((list) => list?.split(/,\s*/) ?? []);
    if (all.length === 0) return;
    const of = (letter: string): string[] => all.filter((number) => number.startsWith(letter));
    found.push({ file, title: title ?? rest ?? whole, faults: of('F'), invariants: of('I') });
  };
  const takeRows = (node: ts.Node): void => {
    take(node);
    if (ts.isArrayLiteralExpression(node)) node.elements.forEach(takeRows);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const isTable = ts.isPropertyAccessExpression(node.expression) && /^(each|for)$/.test(node.expression.name.text);
      if (isTable) node.arguments.forEach(takeRows);
      else take(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true));
  return found;
};

/** All under `test/` of the repository at `root`, in the order of their paths. */
export const findNamedTests = (root: string): NamedTest[] =>
  readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(root, path).split(sep).join('/'), path] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([file, path]) => {
      const text = readFileSync(path, 'utf8');
      // To parse all files takes seconds, and most name no number.
      return /\bF\d|\bI-\d/.test(text) ? namedTests(file, text) : [];
    });
