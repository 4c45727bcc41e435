/** The first code of README, word for word, in a real browser with a real server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build } from 'vite';
import { afterAll, expect, it } from 'vitest';
import { builtPackage } from '../support/built-package.ts';
import { launchOptions } from '../support/chromium.ts';
import { stretched } from '../support/machine.ts';
import { ServedReceipts } from '../support/serve.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));

/** The code around the example: a source of tokens, and a function for showing messages. */
const AROUND = `
const fetchToken = async (userId) =>
  (await (await fetch('/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ userId }) })).json()).token;
const show = (messages) => { document.body.textContent = messages.map(({ body, status }) => body.text + ' ' + status).join(); };
`;

const cleanUp: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step();
});

it('the ten lines in README send and show a message', async () => {
  const code = /```ts\n(import \{ createReceiptClient[\s\S]*?)```/.exec(await readFile(README, 'utf8'))?.[1];
  expect(code).toBeDefined();
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-readme-'));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title></title><body></body><script type="module" src="./main.ts"></script>');
  await writeFile(join(folder, 'main.ts'), AROUND + code!);
  const outDir = join(folder, 'out');
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: [...builtPackage, { find: 'rxjs', replacement: fileURLToPath(import.meta.resolve('rxjs')) }] },
    build: { outDir, target: 'es2022' },
  });
  const served = await ServedReceipts.start(['--static', outDir]);
  cleanUp.push(() => served.remove());
  const browser = await chromium.launch(await launchOptions());
  cleanUp.push(() => browser.close());
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(served.url.replace('ws', 'http').replace('/receipts', '/'));
  await page.getByText('High water at six sent').waitFor({ timeout: await stretched(20_000) });
  expect(await page.title()).toBe('Chat');
  expect(errors).toEqual([]);
});
