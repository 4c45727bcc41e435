/** A browser with the page of a contestant, the contestant's servers, and a network that can go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright';
import { build, preview, type PreviewServer } from 'vite';
import { RealBrowser } from '../support/real-browser.ts';
import { Backend } from './backend.ts';
import type { Read } from './page/contestant.ts';

const PAGE = fileURLToPath(new URL('./page/', import.meta.url));
const WITHIN_MS = 60_000;
const POLL_MS = 100;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws {Error} if it is not so within a minute. */
export const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + WITHIN_MS; !(await isSo()); await sleep(POLL_MS))
    if (Date.now() > end) throw new Error(`not so within a minute: ${what}`);
};

/** All pages of all contestants, built once. */
export class Site {
  private constructor(
    private readonly folder: string,
    private readonly server: PreviewServer,
  ) {}

  static async serve(): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-compare-'));
    const shared = { root: PAGE, configFile: false, logLevel: 'error' } as const;
    await build({ ...shared, build: { outDir: folder, emptyOutDir: true, target: 'es2022', minify: false } });
    return new Site(folder, await preview({ ...shared, build: { outDir: folder }, preview: { host: '127.0.0.1', port: 0 } }));
  }

  pageOf(contestant: string): string {
    return `${this.server.resolvedUrls!.local[0]!}?contestant=${contestant}`;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class Device {
  readonly pages: Page[] = [];

  private constructor(
    private readonly site: Site,
    readonly contestant: string,
    readonly backend: Backend,
    private readonly browser: RealBrowser,
    private readonly context: BrowserContext,
  ) {}

  static async start(site: Site, contestant: string): Promise<Device> {
    const [backend, browser] = await Promise.all([Backend.start(), RealBrowser.create()]);
    return new Device(site, contestant, backend, browser, await browser.start());
  }

  /** Opens the app in a new tab. @param isVirtual the clock of the page stands still until `page.clock` moves it. */
  async open(isVirtual = false): Promise<Page> {
    const page = await this.context.newPage();
    this.pages.push(page);
    if (isVirtual) await page.clock.install();
    await page.goto(this.site.pageOf(this.contestant));
    await page.waitForFunction(() => 'contestant' in window);
    await page.evaluate((server) => void window.contestant.start(server), this.backend.url);
    return page;
  }

  async untilConnected(page: Page): Promise<void> {
    await until(`${this.contestant} is connected`, () => page.evaluate(() => window.contestant.isConnected()));
  }

  async goOffline(): Promise<void> {
    this.backend.cut();
    await this.context.setOffline(true);
  }

  async goOnline(): Promise<void> {
    this.backend.heal();
    // The tabs hear the event `online`, also the ones that were opened meanwhile.
    await this.context.setOffline(true);
    await this.context.setOffline(false);
    for (const page of this.pages) await page.evaluate(() => window.contestant.reconnected?.());
  }

  /** The user reads message after message. A contestant that gives a receipt up may say so: the user reads on. */
  async read(page: Page, reads: readonly Read[]): Promise<void> {
    await page.evaluate(async (all) => {
      for (const read of all) await window.contestant.read(read).catch(() => undefined);
    }, reads);
  }

  /** Ends all tabs like a crash: no page hears of it. */
  async killPages(): Promise<void> {
    for (const page of this.pages.splice(0)) {
      const session = await page.context().newCDPSession(page);
      const crashed = new Promise<void>((resolve) => void page.once('crash', () => resolve()));
      session.send('Page.crash').catch(() => undefined);
      await crashed;
      await page.close();
    }
  }

  /** Pages load again, and the contestant's server stays out of reach. */
  async loadPagesOnly(): Promise<void> {
    await this.context.setOffline(false);
  }

  /** Waits until nothing has reached the server for a while, longer than the contestants wait after a failure. */
  async untilQuiet(ms = 8000): Promise<void> {
    for (let before = -1; before !== this.backend.requests; await sleep(ms)) before = this.backend.requests;
  }

  async remove(): Promise<void> {
    await this.browser.remove();
    await this.backend.close();
  }
}
