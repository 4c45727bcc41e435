/** `npm run bundlers`: apps on each bundler install the packed package, are built, and are opened in Chromium. Prints a line for each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright';
import { launchOptions } from '../../support/chromium.ts';
import { mustRun, packPackage, type Workplace } from '../../support/packed.ts';
import { type App, APPS } from './apps.ts';
import { openPage } from './open-page.ts';
import { serveFolder } from './serve-folder.ts';
import VERSIONS from './versions.json';

/** The folder stays between runs, so that installed packages are not installed again. */
const FOLDER = join(tmpdir(), 'tidemark-bundlers');
const STARTED_WITHIN_MS = 60_000;

const install = async (name: string, { packages = name, files }: App, { tarball }: Workplace): Promise<string> => {
  const folder = join(FOLDER, name.replaceAll(/\W+/g, '-'));
  await mkdir(folder, { recursive: true });
  for (const entry of await readdir(folder)) if (entry !== 'node_modules') await rm(join(folder, entry), { recursive: true, force: true });
  const versions = (VERSIONS as Readonly<Record<string, Readonly<Record<string, string>>>>)[packages];
  const dependencies = { ...versions, rxjs: '7.8.2', tidemark: `file:${tarball}` };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'app', version: '1.0.0', private: true, type: 'module', dependencies }),
  );
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--legacy-peer-deps'], folder, 600_000);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
};

const program = (folder: string, name: string): string => (name === 'node' ? process.execPath : join(folder, 'node_modules/.bin', name));

/** The sizes of the largest scripts, compressed: these sizes show which script has the copy of the worker. */
const sizesOf = async (folder: string): Promise<string> => {
  const sizes = [];
  for (const file of await readdir(folder, { recursive: true }))
    if (/\.m?js$/.test(file)) sizes.push([file, gzipSync(await readFile(join(folder, file))).length] as const);
  return sizes
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([file, bytes]) => `${file} ${Math.round(bytes / 1000)} kB`)
    .join(', ');
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
};

const answers = async (address: string): Promise<void> => {
  const until = Date.now() + STARTED_WITHIN_MS;
  for (;;) {
    if (
      await fetch(address).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    if (Date.now() > until) throw new Error(`${address} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

const tryApp = async (name: string, app: App, workplace: Workplace, browser: Browser): Promise<string> => {
  const folder = await install(name, app, workplace);
  const run = ([file, ...args]: readonly string[]): readonly [string, string[]] => [program(folder, file!), args];
  if (app.build) await mustRun(...run(app.build), folder, 600_000);
  if (app.served !== undefined) {
    const site = await serveFolder(join(folder, app.served));
    try {
      return `the worker starts from ${await openPage(browser, site.address)} (${await sizesOf(join(folder, app.served))})`;
    } finally {
      site.close();
    }
  }
  const port = await freePort();
  const [file, args] = run(app.serve!);
  const server: ChildProcess = spawn(
    file,
    args.map((arg) => (arg === 'PORT' ? String(port) : arg)),
    { cwd: folder, stdio: 'ignore' },
  );
  try {
    const address = `http://127.0.0.1:${port}/`;
    await answers(address);
    return `the worker starts from ${await openPage(browser, address)}`;
  } finally {
    server.kill('SIGKILL');
  }
};

/** @param args names of apps; none for all. */
export const main = async (args: readonly string[]): Promise<number> => {
  // Vite has set NODE_ENV for this process, and bundlers would use this value for the app.
  delete process.env['NODE_ENV'];
  const workplace = await packPackage();
  const browser = await chromium.launch(await launchOptions());
  let failed = 0;
  try {
    for (const [name, app] of Object.entries(APPS)) {
      if (args.length > 0 && !args.includes(name) && !args.includes(app.packages ?? name)) continue;
      const began = Date.now();
      const line = await tryApp(name, app, workplace, browser).catch((error: unknown) => {
        failed++;
        return `FAILED: ${error instanceof Error ? error.message : String(error)}`;
      });
      console.log(`${name}: ${line}, ${Math.round((Date.now() - began) / 1000)} s`);
    }
  } finally {
    await browser.close();
    await workplace.remove();
  }
  return failed === 0 ? 0 : 1;
};
