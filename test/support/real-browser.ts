/**
 * A Chromium as a user has it: tabs behind others are hidden and can be frozen, and pages go into the
 * back/forward cache. A Chromium started by Playwright shows every tab as visible and focused, and caches no
 * page.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { launchOptions } from './chromium.ts';
import { refuseLevelDb } from './chromium-storage.ts';
import { ACTION_MS, stretched } from './machine.ts';

/** This machine under a name other than a loopback address: an insecure context for the browser. */
export const INSECURE_HOST = 'insecure.test';

const READY_WITHIN_MS = 30_000;

const listening = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`Chromium did not start: ${said}`)), READY_WITHIN_MS);
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const address = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    });
  });

export class RealBrowser {
  #child: ChildProcess | undefined;
  #browser: Browser | undefined;

  private constructor(readonly folder: string) {}

  static async create(): Promise<RealBrowser> {
    return new RealBrowser(await mkdtemp(join(tmpdir(), 'tidemark-browser-')));
  }

  async start(): Promise<BrowserContext> {
    const { executablePath = chromium.executablePath(), args } = await launchOptions();
    const own = [
      '--headless',
      '--remote-debugging-port=0',
      `--user-data-dir=${this.folder}`,
      '--disable-dev-shm-usage',
      `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
      'about:blank',
    ];
    const child = spawn(executablePath, [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    // If the test run ends early, the browser ends too.
    const orphaned = (): void => void child.kill('SIGKILL');
    process.once('exit', orphaned);
    child.once('exit', () => process.off('exit', orphaned));
    this.#browser = await chromium.connectOverCDP(await listening(child), { noDefaults: true });
    const context = this.#browser.contexts()[0]!;
    context.setDefaultTimeout(await stretched(ACTION_MS));
    return context;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.#browser?.close().catch(() => undefined);
    await this.kill();
    await refuseLevelDb(this.folder);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Freezes the tab like the browser after a while in the background. The tab must be behind another tab. */
export const setFrozen = async (page: Page, frozen: boolean): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' });
  await session.detach();
};
