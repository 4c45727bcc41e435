/** Gathers the pages of the repository as pages of the site: the same text, with links that lead to pages and pictures of the site. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PAGES } from './pages.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A page, ready for the site and for a reader of Markdown. */
export interface GatheredPage {
  readonly name: string;
  readonly title: string;
  /** The first paragraph. */
  readonly summary: string;
  readonly text: string;
}

export interface Gathered {
  readonly pages: readonly GatheredPage[];
  /** Pictures: the file in the repository, by the name in the site. */
  readonly pictures: ReadonlyMap<string, string>;
}

const LINK = /(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]+)?\)/g;
const FENCE = /^(```[^]*?^```)/m;

const isPicture = (path: string): boolean => /\.(?:svg|png)$/.test(path);

/** The name of a picture in the site; two folders of the repository may have the same file name. */
const pictureName = (path: string): string =>
  `pictures/${dirname(path)
    .split('/')
    .slice(-1)
    .map((folder) => `${folder}-`)
    .join('')}${basename(path)}`;

const plain = (text: string): string => text.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*`]/g, '');

const summaryOf = (text: string): string => {
  const paragraph = text
    .replace(/^ *```[^]*?^ *```/gm, '')
    .replace(/^# .*$/m, '')
    .split(/\n{2,}/)
    .map((one) => one.trim())
    .find((one) => /^[A-Z*`[]/.test(one));
  return plain(paragraph ?? '')
    .replace(/\s+/g, ' ')
    .replace(/^(.{40,}?[.:])\s.*$/, '$1')
    .replace(/:$/, '.');
};

/**
 * @param apiPages names of the pages about entry points, by the entry point: they exist after a run of TypeDoc.
 * @throws for a link to nothing.
 */
export const gather = (apiPages: ReadonlyMap<string, string> = new Map()): Gathered => {
  const nameOf = new Map(PAGES.map(({ file, name }) => [file, name]));
  const pictures = new Map<string, string>();
  const pages = PAGES.map(({ file, name }): GatheredPage => {
    const follow = (all: string, mark: string, label: string, path: string, anchor = ''): string => {
      if (path === '') return all;
      const target = normalize(join(dirname(file), path));
      if (!existsSync(join(ROOT, target))) throw new Error(`${file} links to ${target}, which does not exist`);
      if (isPicture(target)) {
        pictures.set(pictureName(target), target);
        return `${mark}[${label}](./${pictureName(target)})`;
      }
      const page = nameOf.get(target);
      // A page of the site, or a file of the repository for readers of the code.
      return page === undefined ? `${label} (\`${target}\`)` : `[${label}](./${page}.md${anchor})`;
    };
    const linked = readFileSync(join(ROOT, file), 'utf8')
      .split(FENCE)
      .map((part, index) => (index % 2 === 1 ? part : part.replace(LINK, follow)))
      .join('');
    const text = name === 'api-reference' ? withEntryPages(linked, apiPages) : linked;
    const title = /^# (.+)$/m.exec(text)?.[1] ?? name;
    return { name, title: plain(title), summary: summaryOf(text), text };
  });
  return { pages, pictures };
};

const withEntryPages = (text: string, apiPages: ReadonlyMap<string, string>): string =>
  text.replace(/^\| .*? \|/gm, (cell) =>
    cell.replace(/`(tidemark[\w/.-]*)`/g, (all, entry: string) => (apiPages.has(entry) ? `[${all}](./${apiPages.get(entry)!}.md)` : all)),
  );
