/** The repository defines what comments and pages cite: invariants, faults, pages, and headings of PROTOCOL.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorOf } from '../demo/site/anchor.ts';
import { CATALOGUE } from './faults/catalogue.ts';
import { INVARIANTS } from './invariants/catalogue.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const filesUnder = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        ending.test(entry.name) &&
        !entry.parentPath.includes(`${sep}dist`) &&
        !entry.parentPath.includes(`${sep}gathered`),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'));

const pages = [...['src', 'test', 'demo'].flatMap((folder) => filesUnder(folder, /\.md$/)), 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const code = ['src', 'test', 'demo']
  .flatMap((folder) => filesUnder(folder, /\.(ts|mjs)$/))
  .filter((file) => file !== 'test/citations.test.ts');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Numbers of missing things: these files use the numbers as examples. */
const MADE_UP = new Set(['I-99', 'F98', 'F999']);

const headingsOf = (page: string): Set<string> =>
  new Set([...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text!.replace(/[`*_]/g, '').toLowerCase()));

describe('citations', () => {
  it('every invariant and every fault that a file cites is defined', () => {
    const defined = new Set<string>([...INVARIANTS.map(({ id }) => id), ...CATALOGUE.flatMap(({ faults }) => faults.map(({ id }) => id))]);
    const unknown = [...code, ...pages].flatMap((file) =>
      [...new Set(read(file).match(/(?<![\w-])(?:I-\d+|F\d{2,3})(?![\w-])/g) ?? [])]
        .filter((id) => !defined.has(id) && !MADE_UP.has(id))
        .map((id) => `${file} cites ${id}`),
    );
    expect(unknown).toEqual([]);
  });

  it('every page and heading that a page links to exists', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, path = '', anchor]) => {
        const target =
          path === ''
            ? page
            : relative(ROOT, join(ROOT, dirname(page), path))
                .split(sep)
                .join('/');
        if (!existsSync(join(ROOT, target))) return [`${page} links to ${target}`];
        if (anchor === undefined || !target.endsWith('.md')) return [];
        return [...headingsOf(target)].some((heading) => anchorOf(heading) === anchor) ? [] : [`${page} links to ${target}#${anchor}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('every page and heading of PROTOCOL.md that a comment names exists', () => {
    const headings = headingsOf('src/protocol/PROTOCOL.md');
    const broken = code.flatMap((file) => {
      const text = read(file);
      const named = [...text.matchAll(/PROTOCOL\.md, "([^"]+)"/g)]
        .filter(([, heading]) => !headings.has(heading!.replace(/[`*_]/g, '').toLowerCase()))
        .map(([, heading]) => `${file} cites PROTOCOL.md, "${heading}"`);
      const elsewhere =
        file.startsWith('src/') && /\bcontract(, section|, ")|\((the )?contract\b/.test(text)
          ? [`${file} cites "contract", which is no page`]
          : [];
      return [...named, ...elsewhere];
    });
    expect(broken).toEqual([]);
  });

  it('every source file that a page or a comment names exists', () => {
    const files = [...code, ...pages, 'tsdown.config.ts', 'vitest.config.ts'];
    const isThere = (name: string): boolean => files.some((file) => file === name || file.endsWith(`/${name}`));
    const commentsOf = (text: string): string =>
      text
        .split('\n')
        .filter((line) => /^\s*(\*|\/\/|\/\*)/.test(line))
        .join('\n');
    const namedIn = (text: string): string[] =>
      [...text.matchAll(/(?<![\w./@-])(?:[\w-]+\/)*[\w.-]+\.(?:ts|mjs)(?!\w)/g)].map(([name]) => name);
    const inlineCodeOf = (page: string): string => [...page.replace(/^```[^]*?^```/gm, '').matchAll(/`[^`\n]+`/g)].join('\n');
    const missing = [
      ...code.map((file) => [file, commentsOf(read(file))] as const),
      ...pages.filter((page) => page !== 'CHANGELOG.md').map((page) => [page, inlineCodeOf(read(page))] as const),
    ].flatMap(([file, text]) => namedIn(text).flatMap((name) => (isThere(name) ? [] : [`${file} names ${name}`])));
    expect(missing).toEqual([]);
  });
});
