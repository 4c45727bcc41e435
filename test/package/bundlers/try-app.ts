/** Installs an app with the packed package, builds and serves the app, and opens its page in Chromium. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { mustRun } from '../../support/packed.ts';
import { freePort, ServedReceipts } from '../../support/serve.ts';
import type { App } from './app.ts';
import { openPage } from './open-page.ts';
import { serveFolder } from './serve-folder.ts';
import VERSIONS from './versions.json';

const STARTED_WITHIN_MS = 60_000;

/** The servers of frameworks take the port from the environment. No tool sends its statistics. */
const environment = (port: number): NodeJS.ProcessEnv => ({
  ...process.env,
  // Vite has set NODE_ENV for this process, and bundlers would use this value for the app.
  NODE_ENV: undefined,
  HOST: '127.0.0.1',
  PORT: String(port),
  NEXT_TELEMETRY_DISABLED: '1',
  NUXT_TELEMETRY_DISABLED: '1',
  NG_CLI_ANALYTICS: 'false',
});

const install = async (folder: string, packages: string, { files }: App, tarball: string): Promise<void> => {
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
};

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

interface Site {
  readonly address: string;
  close(): void | Promise<void>;
}

type Command = readonly [program: string, args: string[]];

/** Starts the server of an app. */
const startServer = async (command: Command, folder: string, port: number): Promise<Site> => {
  // The server and the programs that it starts are one group, and end together.
  const server = spawn(...command, { cwd: folder, stdio: 'ignore', env: environment(port), detached: true });
  let hasEnded = false;
  server.once('exit', () => (hasEnded = true));
  const close = (): void => void (server.pid !== undefined && !hasEnded && process.kill(-server.pid, 'SIGKILL'));
  const address = `http://127.0.0.1:${port}/`;
  return { address, close };
};

const serve = async (app: App, folder: string, command: (parts: readonly string[]) => Command, port: number): Promise<Site> => {
  if (app.served === undefined) return startServer(command(app.serve!), folder, port);
  const site = join(folder, app.served);
  if (!app.withReceipts) return serveFolder(site);
  const receipts = await ServedReceipts.start(['--static', site]);
  return { address: `http://127.0.0.1:${receipts.port}/`, close: () => receipts.remove() };
};

/**
 * @param parent the folder for the app. Packages that are installed there are not installed again.
 * @returns what the page did, in words.
 * @throws {Error} if the app is not built, or if its page does not work.
 */
export const tryApp = async (name: string, app: App, tarball: string, parent: string, browser: Browser): Promise<string> => {
  const packages = app.packages ?? name;
  const folder = join(parent, packages);
  await install(folder, packages, app, tarball);
  const port = await freePort();
  const command = ([program, ...args]: readonly string[]): Command => [
    program === 'node' ? process.execPath : join(folder, 'node_modules/.bin', program!),
    args.map((arg) => (arg === 'PORT' ? String(port) : arg)),
  ];
  if (app.build) await mustRun(...command(app.build), folder, 600_000, environment(port));
  const served = await serve(app, folder, command, port);
  try {
    const page = served.address + (app.page ?? '');
    await answers(page);
    const sizes = app.served === undefined ? '' : ` (${await sizesOf(join(folder, app.served))})`;
    return `the worker starts from ${await openPage(browser, page, app.use)}${sizes}`;
  } finally {
    await served.close();
  }
};
