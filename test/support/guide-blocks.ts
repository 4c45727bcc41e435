/** The code blocks of the pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CodeBlock {
  /** The page and the line, as an editor opens it. */
  readonly where: string;
  readonly page: string;
  /** The word after the backticks; empty for a picture made of characters. */
  readonly language: string;
  readonly code: string;
}

/** @param root the folder of package.json. */
export const blocksOf = (root: string, page: string): CodeBlock[] => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^ *```(\w*)\n([^]*?)^ *```/gm)].map(({ 1: language = '', 2: code = '', index }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length}`,
    page,
    language,
    code,
  }));
};
