import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type DefaultTheme } from 'vitepress';
import { anchorOf } from './anchor.ts';
import { CHAPTERS } from './pages.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GATHERED = here('./gathered/');
const { version } = JSON.parse(readFileSync(here('../../package.json'), 'utf8')) as { version: string };

const headingOf = (name: string): string => {
  const file = `${GATHERED}${name}.md`;
  return (existsSync(file) && /^# (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.replace(/[`*]/g, '')) || name;
};

/** The entry points with a page, in the order of the page about all of them. */
const apiPages = (): DefaultTheme.SidebarItem[] => {
  const overview = existsSync(`${GATHERED}api-reference.md`) ? readFileSync(`${GATHERED}api-reference.md`, 'utf8') : '';
  return [...overview.matchAll(/\[`([^`]+)`\]\(\.\/(api\/[^)]+)\.md\)/g)].map(([, text, link]) => ({ text: text!, link: `/${link!}` }));
};

/** The site for VitePress. */
export const config = defineConfig({
  title: 'Tidemark',
  description: 'Offline-first chat receipts and unread counts for the browser',
  lang: 'en',
  srcDir: 'gathered',
  cacheDir: here('../../node_modules/.vite/site'),
  head: [['link', { rel: 'icon', href: '/guides/icon.svg', type: 'image/svg+xml' }]],
  markdown: { anchor: { slugify: anchorOf }, languageAlias: { caddyfile: 'nginx', svelte: 'html' } },
  vite: { publicDir: here('./gathered/public'), build: { chunkSizeWarningLimit: 5000 } },
  themeConfig: {
    logo: '/icon.svg',
    search: {
      provider: 'local',
      // A guide explains; the reference repeats a word in every signature.
      options: { miniSearch: { searchOptions: { boostDocument: (id: string) => (id.includes('/api/') ? 0.4 : 1) } } },
    },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/start' },
      { text: 'API', link: '/api-reference' },
      { text: version, link: '/changelog' },
    ],
    sidebar: [
      ...CHAPTERS.map(({ title, pages }) => ({
        text: title,
        items: pages.map(({ name, menu }) => ({ text: menu ?? headingOf(name), link: `/${name}` })),
      })),
      { text: 'Entry points', collapsed: true, items: apiPages() },
    ],
    footer: { message: 'MIT licence', copyright: 'Every page is Markdown too: .md instead of .html; llms.txt lists them' },
  },
  transformHead: ({ page, siteData }) =>
    page === 'index.md' || page === '404.md'
      ? []
      : [['link', { rel: 'alternate', type: 'text/markdown', href: `${siteData.base}${page}` }]],
});
