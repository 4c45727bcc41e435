/** The command line of the bench. */
import { parseArgs } from 'node:util';
import { CONTESTANTS, entryOf } from './contestants/list.ts';
import type { Amount } from './data/feed.ts';
import type { BrowserName } from './rig/browser.ts';
import type { ServerKind } from './rig/server.ts';
import { listedOf, WORKLOADS } from './workloads/list.ts';

export interface BenchOptions {
  readonly workloads: readonly string[];
  readonly contestants: readonly string[];
  readonly sizes: readonly Amount[];
  /** The size of the workload for memory. */
  readonly million: Amount;
  readonly runs: number;
  readonly browser: BrowserName;
  readonly server: ServerKind;
  /** No step starts after so many minutes. */
  readonly minutes: number;
  readonly effort: number;
  readonly isJson: boolean;
  readonly isWritten: boolean;
}

export const USAGE = `npm run bench -- [W1 … W8 | size] [options]

  --runs N             how often each contestant runs (3); stores above 100,000 messages run once
  --sizes 10k,100k,1m  messages in the stores of W1, W3, W6, W7 (100k)
  --contestants a,b    only these: ${CONTESTANTS.map(({ id }) => id).join(', ')}
  --browser firefox    in Firefox (default chromium)
  --sqlite             on Chromium's SQLite backend of IndexedDB
  --server pglite      Tidemark's server stores in PGlite (default memory)
  --minutes N          starts no step after N minutes, and reports what there is
  --write              writes test/bench/results/: table, plots, JSON
  --json               prints the results as JSON
  --smoke              500 messages, a little of everything: do all contestants run, and count right?`;

const CONVERSATIONS = 1000;
const MILLION: Amount = { messages: 1_000_000, conversations: 10_000 };
const SMOKE: Amount = { messages: 500, conversations: 20 };
const SMOKE_EFFORT = 0.01;

const sizeOf = (text: string): Amount => {
  const [, number, unit = ''] = /^(\d+)([km]?)$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw new Error(`--sizes takes sizes such as 10k or 1m; got ${text}`);
  const messages = Number(number) * { '': 1, k: 1000, m: 1_000_000 }[unit.toLowerCase() as '' | 'k' | 'm'];
  return { messages, conversations: Math.max(1, Math.min(CONVERSATIONS, Math.floor(messages / 10))) };
};

const numberOf = (name: string, text: string): number => {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} takes a number above 0; got ${text}`);
  return number;
};

/** W1 and W4 name their parts too: `W4` runs W4 and W4s, `W7` runs W7 and W7b. */
const workloadsOf = (named: readonly string[]): string[] => {
  const wanted = named.map((name) => name.toLowerCase().replace(/^w1r$/, 'w1'));
  for (const name of wanted) listedOf(name.replace('w', 'W'));
  const isWanted = (id: string): boolean => wanted.some((name) => name === id.toLowerCase() || name === id.toLowerCase().slice(0, 2));
  return WORKLOADS.map(({ id }) => id).filter((id) => wanted.length === 0 || isWanted(id));
};

export const readOptions = (args: string[]): BenchOptions => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      sizes: { type: 'string', default: '100k' },
      contestants: { type: 'string' },
      browser: { type: 'string', default: 'chromium' },
      sqlite: { type: 'boolean', default: false },
      server: { type: 'string', default: 'memory' },
      minutes: { type: 'string', default: '600' },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
    },
  });
  const { browser, server, sqlite, smoke } = values;
  if (browser !== 'chromium' && browser !== 'firefox') throw new Error(`--browser takes chromium or firefox; got ${browser}`);
  if (server !== 'memory' && server !== 'pglite') throw new Error(`--server takes memory or pglite; got ${server}`);
  if (sqlite && browser !== 'chromium') throw new Error('--sqlite is a backend of Chromium');
  const contestants = values.contestants?.split(',') ?? CONTESTANTS.map(({ id }) => id);
  for (const id of contestants) entryOf(id);
  return {
    workloads: workloadsOf(positionals),
    contestants,
    sizes: smoke
      ? [SMOKE]
      : values.sizes
          .split(',')
          .map(sizeOf)
          .sort((a, b) => a.messages - b.messages),
    million: smoke ? SMOKE : MILLION,
    runs: smoke ? 1 : numberOf('runs', values.runs),
    browser: sqlite ? 'chromium-sqlite' : browser,
    server,
    minutes: numberOf('minutes', values.minutes),
    effort: smoke ? SMOKE_EFFORT : 1,
    isJson: values.json,
    isWritten: values.write,
  };
};
