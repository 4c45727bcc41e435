/** The code blocks of the guides, which tests run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param nth which code block under the heading, from 0. */
export const guideCode = (page: string, heading: string, nth = 0): string => {
  const text = readFileSync(fileURLToPath(new URL(`../../demo/guides/${page}.md`, import.meta.url)), 'utf8');
  const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const code = [...section.matchAll(/```\w+\n([^]*?)```/g)][nth]?.[1];
  if (code === undefined) throw new Error(`${page}.md has no code block ${nth} under "${heading}"`);
  return code;
};
