import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { createServer } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchOptions } from '../support/chromium.ts';
import { guideCode } from '../support/guide-code.ts';
import { installInApp, mustRun, packPackage, REPOSITORY, runToEnd, type Workplace } from '../support/packed.ts';

/** The files of the guide's first page: an app on Vite without any configuration. */
const APP = { 'index.html': guideCode('start', 'The page', 0), 'main.ts': guideCode('start', 'The page', 1) };

let workplace: Workplace;
let app: string;
let server: ChildProcess | undefined;
let browser: Browser | undefined;

beforeAll(async () => {
  workplace = await packPackage();
  app = await installInApp(workplace, APP);
});

afterAll(async () => {
  await browser?.close();
  if (server && server.exitCode === null && server.signalCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
  await workplace.remove();
});

/** Resolves with the first address printed by the server. */
const serve = (folder: string): Promise<string> => {
  const args = [join(REPOSITORY, 'dist/cli/main.js'), 'serve', '--dev', '--port', '0', '--static', folder];
  const child = spawn(process.execPath, args, { cwd: workplace.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  server = child;
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const address = /http:\/\/[\w.[\]:-]+:\d+/.exec(printed)?.[0];
      if (address) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`tidemark serve ended with ${code}:\n${printed}`)));
  });
};

it('the app of the guide’s first page installs the package, builds without configuration, and two users send and read', async () => {
  await mustRun(process.execPath, [join(REPOSITORY, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], app);
  const address = await serve(join(app, 'dist'));
  browser = await chromium.launch(await launchOptions());
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(address);
  await page.getByRole('button', { name: 'Send' }).click();
  await page
    .getByText('alice, sent: {"text":"High water at six"}')
    .waitFor({ timeout: 20_000 })
    .catch((error: unknown) => troubles.push(String(error)));
  const bob = await browser.newPage();
  await bob.goto(`${address}?bob`);
  await expect.poll(() => bob.title(), { timeout: 20_000 }).toBe('(1) Chat');
  // A receipt tells of what the device holds. The count may come first.
  await bob.getByText('alice, received: ').waitFor({ timeout: 20_000 });
  await bob.getByRole('button', { name: 'Read' }).click();
  await page.getByText('alice, read: ').waitFor({ timeout: 20_000 });
  expect(troubles).toEqual([]);
});

it('under Vite’s dev server and offline, a message is stored and shown', async () => {
  const dev = await createServer({ root: app, configFile: false, logLevel: 'silent', server: { host: '127.0.0.1', port: 0 } });
  try {
    await dev.listen();
    browser ??= await chromium.launch(await launchOptions());
    const page = await browser.newPage();
    await page.goto(dev.resolvedUrls!.local[0]!);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('alice, pending: {"text":"High water at six"}').waitFor({ timeout: 20_000 });
    await page.close();
  } finally {
    await dev.close();
  }
});

it('`tidemark serve` names the drivers to install if the app has none', async () => {
  const bin = join(app, 'node_modules/.bin/tidemark');
  const { code, output } = await runToEnd(bin, ['serve', '--dev', '--port', '0'], app, 15_000);
  expect(output).toMatch(/npm install (?=.*\bws\b)(?=.*\bjose\b)(?=.*@electric-sql\/pglite)/);
  expect(code).not.toBe(0);
});
