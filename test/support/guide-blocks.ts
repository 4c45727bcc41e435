/** The code blocks of the pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CodeBlock {
  /** The page and the line, as an editor opens it. */
  readonly where: string;
  readonly page: string;
  /** The heading above the block. */
  readonly heading: string;
  /** The word after the backticks; empty for a picture made of characters. */
  readonly language: string;
  readonly code: string;
}

/** Tests that run code of the guide for other frameworks with the real frameworks: they name the headings. */
const RECIPES = ['test/unit/recipes/frameworks.test.ts', 'test/package/bundlers/recipe-apps.ts'];

/** The headings of the guide for other frameworks with code that a test runs. @param root the folder of package.json. */
export const headingsThatRun = (root: string): Set<string> =>
  new Set(
    RECIPES.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/(?:guideCode\('frameworks', |codeUnder\()'([^']+)'\)/g)].map(
        ([, heading]) => heading!,
      ),
    ),
  );

/** @param root the folder of package.json. */
export const blocksOf = (root: string, page: string): CodeBlock[] => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^ *```(\w*)\n([^]*?)^ *```/gm)].map(({ 1: language = '', 2: code = '', index }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length}`,
    page,
    heading: [...text.slice(0, index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? '',
    language,
    code,
  }));
};
