/** The device of a person: a Chromium on a profile folder of its own. The folder survives a kill of the browser. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright';
import { launchOptions } from './chromium.ts';
import { refuseLevelDb } from './chromium-storage.ts';
import { ACTION_MS, stretched } from './machine.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Tabs {
  query(of: object): Promise<{ readonly id: number; readonly url: string }[]>;
  discard(id: number): Promise<{ readonly discarded: boolean } | undefined>;
}

export class BrowserProfile {
  #context: BrowserContext | undefined;
  #pid: number | undefined;

  private constructor(readonly folder: string) {}

  /** The folder of an extension for discarding tabs, which no page can do: see {@link discard}. Empty until a test needs it. */
  #extension = '';

  static async create(): Promise<BrowserProfile> {
    return new BrowserProfile(await mkdtemp(join(tmpdir(), 'tidemark-profile-')));
  }

  /** The next start loads the extension for {@link discard}. */
  async withDiscarding(): Promise<void> {
    this.#extension = join(this.folder, 'discarding');
    await mkdir(this.#extension);
    const background = { service_worker: 'background.js' };
    const manifest = { manifest_version: 3, name: 'discarding', version: '1', permissions: ['tabs'], background };
    await writeFile(join(this.#extension, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(this.#extension, 'background.js'), '');
  }

  /** The browser discards the tab's page, as with short memory: no event, no close. The tab must be behind another one. */
  async discard(url: string): Promise<void> {
    const context = this.#context!;
    const worker = context.serviceWorkers().find((one) => one.url().startsWith('chrome-extension:'));
    const extension = worker ?? (await context.waitForEvent('serviceworker', (one) => one.url().startsWith('chrome-extension:')));
    await extension.evaluate(async (address) => {
      const { tabs } = (globalThis as unknown as { chrome: { tabs: Tabs } }).chrome;
      const tab = (await tabs.query({})).find((one) => one.url === address);
      if ((await tabs.discard(tab!.id))?.discarded !== true) throw new Error('not discarded');
    }, url);
  }

  /** Starts the browser on the profile. */
  async start(): Promise<BrowserContext> {
    const { args, ...options } = await launchOptions();
    this.#context = await chromium.launchPersistentContext(
      this.folder,
      this.#extension === ''
        ? { ...options, args }
        : {
            ...options,
            ignoreDefaultArgs: ['--disable-extensions'],
            args: [...args, '--disable-features=DisableLoadExtensionCommandLineSwitch', `--load-extension=${this.#extension}`],
          },
    );
    this.#context.setDefaultTimeout(await stretched(ACTION_MS));
    const session = await this.#context.browser()?.newBrowserCDPSession();
    const { processInfo } = (await session?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] };
    this.#pid = processInfo.find(({ type }) => type === 'browser')?.id;
    await session?.detach();
    return this.#context;
  }

  /** Kills the browser and all its processes with SIGKILL: no page gets an event, and nothing is flushed. */
  async kill(): Promise<void> {
    const pid = this.#pid;
    const context = this.#context;
    if (pid === undefined || !context) throw new Error('the browser is not running');
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()));
    this.#pid = this.#context = undefined;
    try {
      // The browser leads a process group of its own.
      process.kill(-pid, 'SIGKILL');
    } catch {
      process.kill(pid, 'SIGKILL');
    }
    await closed;
    while (isRunning(pid)) await sleep(10);
  }

  /** Closes the browser and removes the profile. */
  async remove(): Promise<void> {
    const context = this.#context;
    this.#pid = this.#context = undefined;
    await context?.close();
    await refuseLevelDb(this.folder);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
