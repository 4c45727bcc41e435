/** Configurations that stand in the guides, for the tests that run them. */
import { fileURLToPath } from 'node:url';
import { blocksOf } from '../support/guide-blocks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The only block of this language below a heading of a guide. */
export const configurationOf = (guide: 'deploy' | 'several-servers', heading: string, language: string): string => {
  const found = blocksOf(ROOT, `demo/guides/${guide}.md`).filter((block) => block.heading === heading && block.language === language);
  if (found.length !== 1) throw new Error(`${guide}.md, "${heading}": there are ${found.length} blocks in ${language}`);
  return found[0]!.code;
};
