/** One person's device: a Chromium on a profile folder of its own, which survives the browser's death. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright';
import { launchOptions } from './chromium.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

export class BrowserProfile {
  #context: BrowserContext | undefined;
  #pid: number | undefined;

  private constructor(readonly folder: string) {}

  static async create(): Promise<BrowserProfile> {
    return new BrowserProfile(await mkdtemp(join(tmpdir(), 'tidemark-profile-')));
  }

  /** Starts the browser, with whatever the profile holds. */
  async start(): Promise<BrowserContext> {
    this.#context = await chromium.launchPersistentContext(this.folder, await launchOptions());
    const session = await this.#context.browser()?.newBrowserCDPSession();
    const { processInfo } = (await session?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] };
    this.#pid = processInfo.find(({ type }) => type === 'browser')?.id;
    await session?.detach();
    return this.#context;
  }

  /** SIGKILL to the browser and all its processes: no page hears of it, nothing is flushed. */
  async kill(): Promise<void> {
    const pid = this.#pid;
    const context = this.#context;
    if (pid === undefined || !context) throw new Error('the browser is not running');
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()));
    this.#pid = this.#context = undefined;
    try {
      // It leads a process group of its own.
      process.kill(-pid, 'SIGKILL');
    } catch {
      process.kill(pid, 'SIGKILL');
    }
    await closed;
    while (isRunning(pid)) await sleep(10);
  }

  /** Ends the browser politely and removes the profile. */
  async remove(): Promise<void> {
    const context = this.#context;
    this.#pid = this.#context = undefined;
    await context?.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
