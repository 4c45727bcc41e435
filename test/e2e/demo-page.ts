/** The built demo, served and open in a browser, and what its tests do on the two phones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright';
import { build } from 'vite';
import { expect } from 'vitest';
import { BrowserProfile } from '../support/browser-profile.ts';
import { stretched } from '../support/machine.ts';
import { ServedReceipts } from '../support/serve.ts';

const CONFIG = fileURLToPath(new URL('../../demo/vite.config.ts', import.meta.url));
/** How long a wait may take on this machine now. Measured at the begin of each wait: the machine may be busier than at the begin of the test. */
export const within = async (): Promise<{ readonly timeout: number; readonly interval: number }> => ({
  timeout: await stretched(30_000),
  interval: 50,
});

export type Owner = 'alice' | 'bob';

/** A string must equal the whole text. */
export const expectText = async (locator: Locator, text: string | RegExp): Promise<void> => {
  const polled = expect.poll(() => locator.innerText(), await within());
  await (typeof text === 'string' ? polled.toBe(text) : polled.toMatch(text));
};

export class DemoPage {
  readonly errors: string[] = [];
  page!: Page;

  private constructor(
    readonly server: ServedReceipts,
    readonly browser: BrowserProfile,
    private readonly folder: string,
  ) {}

  static async start(): Promise<DemoPage> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
    await build({ configFile: CONFIG, logLevel: 'warn', build: { outDir: folder } });
    const demo = new DemoPage(await ServedReceipts.start(['--static', folder]), await BrowserProfile.create(), folder);
    await demo.open();
    return demo;
  }

  /** Starts the browser and opens the page. */
  async open(): Promise<void> {
    this.page = await (await this.browser.start()).newPage();
    this.page.on('pageerror', (error) => this.errors.push(error.message));
    await this.page.setViewportSize({ width: 1280, height: 800 });
    await this.page.goto(`http://127.0.0.1:${this.server.port}/`);
  }

  async remove(): Promise<void> {
    await this.browser.remove();
    await this.server.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  on(owner: Owner, selector: string): Locator {
    return this.page.locator(`#phone-${owner} ${selector}`.trim());
  }

  button(owner: Owner, name: string): Locator {
    return this.on(owner, '').getByRole('button', { name });
  }

  aeroplane(owner: Owner): Locator {
    return this.on(owner, '.phone-head [role=switch]');
  }

  rule(name: string): Locator {
    return this.page.getByRole('switch', { name });
  }

  async turn(name: string, on: boolean): Promise<void> {
    await this.rule(name).click();
    await expect.poll(() => this.rule(name).getAttribute('aria-checked'), await within()).toBe(String(on));
  }

  /** Opens a chat from the list. */
  async readChat(owner: Owner, name: string): Promise<void> {
    await this.on(owner, '.row-open')
      .filter({ has: this.page.locator('.row-name', { hasText: name }) })
      .click();
    await expectText(this.on(owner, '.chat-name'), name);
  }

  async choose(owner: Owner, name: string, item: string): Promise<void> {
    await this.button(owner, `More for ${name}`).click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  async write(owner: Owner, text: string): Promise<void> {
    await this.on(owner, '.composer-input').fill(text);
    await this.on(owner, '.composer-input').press('Enter');
  }
}
