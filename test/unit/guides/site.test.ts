/** The site about the guides, without a build: its pages, links, menu and lists for programs. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorOf } from '../../../demo/site/anchor.ts';
import { gather } from '../../../demo/site/gather.ts';
import { llmsFullTxt, llmsTxt } from '../../../demo/site/llms.ts';
import { CHAPTERS, PAGES } from '../../../demo/site/pages.ts';
import { entryPoints } from '../../support/public-surface.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const API = new Map(
  [...entryPoints(ROOT).keys()].map((key) => [`tidemark${key.slice(1)}`, `api/tidemark${key.slice(1).replaceAll('/', '-')}`]),
);
const { pages, pictures } = gather(API);
const named = new Map(pages.map((page) => [page.name, page]));

const withoutCode = (text: string): string => text.replace(/^ *```[^]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');
const anchorsOf = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!.replace(/[`*_]/g, ''))));

describe('the site', () => {
  it('has every guide', () => {
    const guides = readdirSync(`${ROOT}demo/guides`).filter((name) => name.endsWith('.md'));
    expect(PAGES.map(({ file }) => file)).toEqual(expect.arrayContaining(guides.map((name) => `demo/guides/${name}`)));
  });

  it('has a page for each question of a newcomer, by a name that says so', () => {
    const titles = [...pages.map(({ title }) => title), ...PAGES.flatMap(({ menu }) => menu ?? [])];
    expect(titles).toEqual(
      expect.arrayContaining([
        ...[
          'Start',
          'Concepts',
          'Offline and guarantees',
          'Groups',
          'Push and badges',
          'Tabs and workers',
          'Storage and encryption',
          'Security',
        ],
        ...['Deploy', 'Test your app', 'The badge is wrong', 'Migrate from a vendor', 'Limits', 'Error codes', 'Protocol', 'API reference'],
      ]),
    );
  });

  it('has no dead link: pages, anchors and pictures', () => {
    const dead = pages.flatMap(({ name, text }) =>
      [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)(?:\.\/)?([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
        ([link, path = '', anchor]) => {
          const page = path === '' ? name : path.replace(/\.md$/, '');
          const isThere = pictures.has(path) || named.has(page) || [...API.values()].includes(page);
          if (!isThere) return [`${name}: ${link}`];
          return anchor === undefined || anchorsOf(named.get(page)!.text).has(anchor) ? [] : [`${name}: ${link}`];
        },
      ),
    );
    expect(dead).toEqual([]);
  });

  it('names no file of the repository as if it were a page', () => {
    expect(pages.filter(({ text }) => /\]\((?:\.\.\/|[^)]*\.ts\))/.test(withoutCode(text))).map(({ name }) => name)).toEqual([]);
  });

  it('lists all pages in llms.txt, under their chapters, and holds all texts in llms-full.txt', () => {
    const list = llmsTxt(pages, API);
    for (const { name, title } of pages) expect(list).toContain(`- [${title}](${name}.md)`);
    for (const { title } of CHAPTERS) expect(list).toContain(`## ${title}\n`);
    for (const name of API.values()) expect(list).toContain(`(${name}.md)`);
    const all = llmsFullTxt(pages);
    for (const { text } of pages) expect(all).toContain(text.trim());
  });

  it('names every entry point of the package in the API reference', () => {
    for (const entry of API.keys()) expect(named.get('api-reference')!.text).toContain(`\`${entry}\``);
  });

  it('says in one sentence what a page is about', () => {
    const silent = pages
      .filter(({ summary }) => summary.length < 15 || summary.length > 300 || /=>|await /.test(summary))
      .map(({ name, summary }) => `${name}: ${summary}`);
    expect(silent).toEqual([]);
  });
});
