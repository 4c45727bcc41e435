/**
 * The page starts its worker although servers, policies and origins make the start hard, and names the reason
 * if a policy forbids the start.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { builtPackage } from '../support/built-package.ts';
import { launchOptions } from '../support/chromium.ts';
import { MAIN } from './bundlers/app.ts';
import { COPY, FILE, openPage } from './bundlers/open-page.ts';
import { type Served, serveFolder } from './bundlers/serve-folder.ts';

/** The worker's file, and not the page's script `worker-lives`. */
const isWorker = (path: string): boolean => /\/worker-(?!lives)[^/]*\.js$/.test(path);

const missing = (path: string, response: ServerResponse): boolean => {
  if (isWorker(path)) response.writeHead(404).end('not found');
  return isWorker(path);
};

const isStarter = (path: string): boolean => /\/start-worker-[^/]*\.js$/.test(path);

const missingStarter = (path: string, response: ServerResponse): boolean => {
  if (isStarter(path)) response.writeHead(404).end('not found');
  return isStarter(path);
};

const importsNothing = (path: string, response: ServerResponse): boolean => {
  if (isStarter(path)) response.setHeader('Content-Security-Policy', "script-src 'none'");
  return false;
};

/** The answer of servers for single-page apps to an unknown path. */
const asPage = (path: string, response: ServerResponse): boolean => {
  if (isWorker(path)) response.setHeader('Content-Type', 'text/html; charset=utf-8').end('<!doctype html>');
  return isWorker(path);
};

const under =
  (policy: string, otherwise: typeof missing = () => false): typeof missing =>
  (path, response) => {
    response.setHeader('Content-Security-Policy', policy);
    return otherwise(path, response);
  };

let folder: string;
let dist: string;
let browser: Browser;
const open: Served[] = [];

const serve = async (root: string, answer?: typeof missing): Promise<string> => {
  const served = await serveFolder(root, answer);
  open.push(served);
  return served.address;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-worker-start-'));
  dist = join(folder, 'dist');
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>app</title><script type="module" src="main.js"></script>');
  await writeFile(join(folder, 'main.js'), MAIN);
  const root = { root: folder, base: './', configFile: false, logLevel: 'error' } as const;
  await build({ ...root, resolve: { alias: builtPackage, preserveSymlinks: true }, build: { outDir: dist } });
  browser = await chromium.launch(await launchOptions());
});
afterEach(() => {
  for (const served of open.splice(0)) served.close();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

it('the worker starts from its file, and the copy in the package is not loaded', async () => {
  const asked: string[] = [];
  const address = await serve(dist, (path) => {
    asked.push(path);
    return false;
  });
  expect(await openPage(browser, address)).toBe(FILE);
  expect(asked.some(isStarter)).toBe(true);
  expect(asked.some(isWorker)).toBe(true);
  expect(asked.filter((path) => path.includes('inline-worker'))).toEqual([]);
});

it('Chromium keeps the compiled code of the worker’s script', async () => {
  const address = await serve(dist, (path, response) => {
    if (isWorker(path)) response.setHeader('Cache-Control', 'max-age=3600');
    return false;
  });
  // The browser keeps no code of a private window.
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), await launchOptions());
  const page = context.pages()[0]!;
  const tracing = await context.browser()!.newBrowserCDPSession();
  interface Traced {
    readonly name: string;
    readonly args: { readonly data?: { readonly url?: string; readonly consumedCacheSize?: number } };
  }
  const consumed: (number | undefined)[] = [];
  tracing.on('Tracing.dataCollected', ({ value }) => {
    for (const { name, args } of value as unknown as Traced[])
      if (name === 'v8.compileModule' && isWorker(args.data?.url ?? '')) consumed.push(args.data?.consumedCacheSize);
  });
  const traceConfig = { includedCategories: ['devtools.timeline', 'disabled-by-default-v8.compile', 'v8'] };
  await tracing.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  // The browser notes the first use of a script, keeps the code after the second, and takes the code from then on.
  for (let start = 0; start < 4; start++) {
    await page.goto(address);
    await page.waitForFunction(() => (globalThis as { told?: string[] }).told?.includes('sent'));
    await page.waitForTimeout(1000);
  }
  const ended = new Promise((resolve) => tracing.once('Tracing.tracingComplete', resolve));
  await tracing.send('Tracing.end');
  await ended;
  await context.close();
  expect(consumed.length).toBeGreaterThanOrEqual(3);
  expect(consumed.at(-1)).toBeGreaterThan(0);
});

/** @param of the origin of the worker's file. @returns `started`, or the message of the worker's error. */
const startBySmallScript = async (page: Page, address: string, of: string): Promise<string> => {
  const files = await readdir(join(dist, 'assets'));
  const [starter, worker] = [isStarter, isWorker].map((is) => files.find((file) => is(`/${file}`))!);
  return page.evaluate(
    async ([url, file]) =>
      new Promise<string>((resolve) => {
        const one = new Worker(url!, { type: 'module', name: `tidemark ${file!}` });
        one.addEventListener('error', ({ message }) => resolve(message));
        // The worker answers calls of Comlink.
        one.addEventListener('message', () => resolve('started'));
        one.postMessage({ id: '1', type: 'APPLY', path: ['ping'], argumentList: [] });
      }),
    [`${address}assets/${starter!}`, `${of}assets/${worker!}`],
  );
};

it('the small script imports no script of another origin', async () => {
  const other = await serve(dist, (_path, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    return false;
  });
  const address = await serve(dist);
  const page = await browser.newPage();
  await page.goto(address);
  expect(await startBySmallScript(page, address, address)).toBe('started');
  expect(await startBySmallScript(page, address, other)).toContain('another origin');
  await page.context().close();
});

it('the worker starts by the small script also on a page whose service worker answers with stored files (F127)', async () => {
  const address = await serve(dist, (path, response) => {
    if (path !== '/sw.js') return false;
    response.setHeader('Content-Type', 'text/javascript').end(`
      self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
      self.addEventListener('fetch', (event) => event.respondWith(caches.open('files').then(async (cache) => {
        if (!(await cache.match(event.request))) await cache.add(event.request.url);
        return cache.match(event.request);
      })));`);
    return true;
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  expect(await startBySmallScript(page, address, address)).toBe('started');
  await context.close();
});

it.each([
  ['if the small script that imports the worker’s file is missing', missingStarter],
  ['if a policy of the server forbids the small script to import', importsNothing],
])('%s, the worker starts from its file (F127)', async (_title, answer) => {
  expect(await openPage(browser, await serve(dist, answer))).toBe(FILE);
});

it.each([
  ['if the build left the worker’s file behind, the worker starts from the copy in the package (F127)', missing],
  ['if the server answers with a page instead of the file, the worker starts from the copy in the package (F127)', asPage],
  [
    'if the file is missing under Trusted Types, the worker starts from the copy in the package (F127)',
    under("require-trusted-types-for 'script'; trusted-types tidemark", missing),
  ],
])('%s', async (_title, answer) => {
  expect(await openPage(browser, await serve(dist, answer))).toBe(COPY);
});

it('if the scripts come from another origin than the page, the worker starts from the copy in the package (F127)', async () => {
  const scripts = await serve(dist, (_path, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    return false;
  });
  const page = join(folder, 'page');
  await mkdir(page, { recursive: true });
  await writeFile(join(page, 'index.html'), (await readFile(join(dist, 'index.html'), 'utf8')).replaceAll('"./', `"${scripts}`));
  expect(await openPage(browser, await serve(page))).toBe(COPY);
});

it('under Trusted Types that allow the policy `tidemark`, the worker starts from its file (F127)', async () => {
  const policy = "require-trusted-types-for 'script'; trusted-types tidemark; worker-src 'self'";
  expect(await openPage(browser, await serve(dist, under(policy)))).toBe(FILE);
});

it('if Trusted Types forbid the policy `tidemark`, the error names the address, the policy and the option (F127)', async () => {
  const address = await serve(dist, under("require-trusted-types-for 'script'; trusted-types 'none'"));
  const [worker] = (await readdir(join(dist, 'assets'))).filter((file) => isWorker(`/${file}`));
  await expect(openPage(browser, address)).rejects.toThrow(
    `worker/unavailable: the worker does not start: ${address}assets/${worker!}: Failed to construct 'Worker': ` +
      "This document requires 'TrustedScriptURL' assignment. This page requires Trusted Types: allow the policy tidemark " +
      '(trusted-types tidemark), or pass the option worker: () => new Worker(…)',
  );
});

it('if the Content-Security-Policy forbids workers, the error names the address, the policy and the option (F127)', async () => {
  const address = await serve(dist, under("worker-src 'none'"));
  await expect(openPage(browser, address)).rejects.toThrow(
    /\/assets\/worker-.*\.js: the page’s Content-Security-Policy \(worker-src\) forbids it; the copy in the package: the page’s Content-Security-Policy \(worker-src\) forbids it\. .* allow worker-src blob: .* pass the option worker/,
  );
});

it.each([
  [
    'if the file is missing and a policy forbids the copy, the error names the server’s answer (F127)',
    missing,
    'the server answers with status 404',
  ],
  [
    'if the server answers with a page and a policy forbids the copy, the error names the server’s answer (F127)',
    asPage,
    'the server answers with text/html; charset=utf-8 instead of JavaScript',
  ],
])('%s', async (_title, answer, why) => {
  const address = await serve(dist, under("worker-src 'self'", answer));
  await expect(openPage(browser, address)).rejects.toThrow(`.js: ${why}; the copy in the package: the page’s Content-Security-Policy`);
});
