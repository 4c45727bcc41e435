/** The site for programs that read text: `llms.txt` lists the pages (https://llmstxt.org), `llms-full.txt` holds them all. */
import type { GatheredPage } from './gather.ts';
import { CHAPTERS } from './pages.ts';

const SUMMARY = `# Tidemark

> Offline-first chat receipts and unread counts for the browser, with a receipt server: what a user reads offline reaches the server later,
> exactly once, and the number on the badge is always right.

Each page of the site is a Markdown file too, at the same address with the ending \`.md\`.
`;

/** @param apiPages the pages about entry points: entry point and name. */
export const llmsTxt = (pages: readonly GatheredPage[], apiPages: ReadonlyMap<string, string>): string => {
  const named = new Map(pages.map((page) => [page.name, page]));
  const chapters = CHAPTERS.map(({ title, pages: inChapter }) => {
    const lines = inChapter.map(({ name }) => {
      const { title: heading, summary } = named.get(name)!;
      return `- [${heading}](${name}.md)${summary === '' ? '' : `: ${summary}`}`;
    });
    return `## ${title}\n\n${lines.join('\n')}\n`;
  });
  const api = [...apiPages].map(([entry, name]) => `- [${entry}](${name}.md): every name of this entry point`);
  return [SUMMARY, ...chapters, ...(api.length > 0 ? [`## API\n\n${api.join('\n')}\n`] : [])].join('\n');
};

export const llmsFullTxt = (pages: readonly GatheredPage[]): string =>
  [SUMMARY, ...pages.map(({ name, text }) => `<!-- ${name}.md -->\n\n${text.trim()}\n`)].join('\n');
