/**
 * `npm run docs [-- --base /guides/] [--fresh]`: builds the site from the guides, the pages of `src` and the docstrings into
 * `demo/site/dist`, and copies it beside the built demo. Each page is a Markdown file beside its HTML file; `llms.txt` and `llms-full.txt`
 * are for programs. Without a change since the last build, only the copy is made.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vitepress';
import { writeApiPages } from './api.ts';
import { gather, ROOT } from './gather.ts';
import { llmsFullTxt, llmsTxt } from './llms.ts';

const SITE = join(ROOT, 'demo/site');
/** The gathered pages: VitePress reads them from here. */
const GATHERED = join(SITE, 'gathered');
const OUT = join(SITE, 'dist');
const MADE_FROM = join(OUT, 'made-from.txt');
const DEMO = join(ROOT, 'demo/dist');

const SOURCES = ['src', 'demo/guides', 'demo/site', 'demo/public', 'test/bench/results'];
const MADE = /^demo[/\\]site[/\\](?:dist|gathered)(?:[/\\]|$)/;

/** A hash of everything that the site is made from. */
const hashOfSources = async (base: string): Promise<string> => {
  const hash = createHash('sha256').update(base);
  const files = ['CHANGELOG.md', 'package.json', 'demo/screenshot.png'].map((name) => join(ROOT, name));
  for (const folder of SOURCES)
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile() && !MADE.test(relative(ROOT, entry.parentPath))) files.push(join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(file).update(await readFile(file));
  return hash.digest('hex');
};

const buildSite = async (base: string): Promise<number> => {
  await rm(GATHERED, { recursive: true, force: true });
  await mkdir(join(GATHERED, 'public'), { recursive: true });
  const apiPages = await writeApiPages(GATHERED);
  const { pages, pictures } = gather(apiPages);
  for (const { name, text } of pages) await writeFile(join(GATHERED, `${name}.md`), text);
  for (const [name, file] of pictures) {
    await mkdir(dirname(join(GATHERED, name)), { recursive: true });
    await copyFile(join(ROOT, file), join(GATHERED, name));
  }
  await copyFile(join(ROOT, 'demo/public/icon.svg'), join(GATHERED, 'public/icon.svg'));
  await copyFile(join(ROOT, 'demo/screenshot.png'), join(GATHERED, 'public/screenshot.png'));
  await copyFile(join(SITE, 'index.md'), join(GATHERED, 'index.md'));

  await build(SITE, { outDir: OUT, base });

  for (const { name, text } of pages) await writeFile(join(OUT, `${name}.md`), text);
  for (const name of apiPages.values()) await copyFile(join(GATHERED, `${name}.md`), join(OUT, `${name}.md`));
  await cp(join(GATHERED, 'pictures'), join(OUT, 'pictures'), { recursive: true });
  await writeFile(join(OUT, 'llms.txt'), llmsTxt(pages, apiPages));
  await writeFile(join(OUT, 'llms-full.txt'), llmsFullTxt(pages));
  return pages.length + apiPages.size + 1;
};

export const USAGE = `npm run docs -- [options]

  --base PATH  the path of the site on its server (/guides/)
  --fresh      builds the site, also if no page has changed`;

export const main = async (args: readonly string[]): Promise<number> => {
  const options = { base: { type: 'string', default: '/guides/' }, fresh: { type: 'boolean', default: false } } as const;
  const { base, fresh } = parseArgs({ args: [...args], options }).values;
  const hash = await hashOfSources(base);
  const made = await readFile(MADE_FROM, 'utf8').catch(() => '');
  if (fresh || made !== hash) {
    process.stdout.write(`${await buildSite(base)} pages in ${OUT}\n`);
    await writeFile(MADE_FROM, hash);
  }
  if (existsSync(DEMO)) await cp(OUT, join(DEMO, 'guides'), { recursive: true });
  return 0;
};
