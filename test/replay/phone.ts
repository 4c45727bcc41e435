/** A real Chromium with a profile of its own, behind a proxy: with kills, cuts and repairs, by public calls only. */
import type { Page } from 'playwright';
import { BrowserProfile } from '../support/browser-profile.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

export class Phone {
  kills = 0;
  cuts = 0;
  #page: Promise<Page>;
  /** Grows with every kill: failed work of an earlier life is repeated. */
  #life = 0;
  #isCut = false;

  private constructor(
    readonly userId: string,
    private readonly site: string,
    private readonly profile: BrowserProfile,
    private readonly proxy: TcpProxy,
  ) {
    this.#page = this.#open();
  }

  /** @param port of the receipt server. */
  static async start(userId: string, port: number, site: string): Promise<Phone> {
    return new Phone(userId, site, await BrowserProfile.create(), await TcpProxy.start(port));
  }

  async #open(): Promise<Page> {
    const context = await this.profile.start();
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${this.site}?${new URLSearchParams({ server: `127.0.0.1:${this.proxy.port}`, user: this.userId }).toString()}`);
    await page.waitForFunction(() => 'phone' in window);
    return page;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Work interrupted by a kill is repeated in the next life: every call is safe to repeat. */
  async inPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
    for (;;) {
      const life = this.#life;
      try {
        return await work(await this.#page);
      } catch (error) {
        if (life === this.#life) throw error;
      }
    }
  }

  /** Kills the browser with SIGKILL, and starts it again on the same profile. */
  async kill(): Promise<void> {
    const before = this.#page;
    this.kills++;
    this.#page = before.then(async () => {
      this.#life++;
      await this.profile.kill();
      return this.#open();
    });
    await this.#page;
  }

  cut(): void {
    if (this.#isCut) return;
    this.cuts++;
    this.#isCut = true;
    this.proxy.cut();
    this.proxy.frames.length = 0;
  }

  /** Heals the network, and fires the `online` event. */
  async heal(): Promise<void> {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.proxy.heal();
    await this.inPage((page) => page.evaluate(() => void dispatchEvent(new Event('online'))));
  }

  /** Heals the network if needed. @returns number of unconfirmed entries after `timeoutMs` */
  async flush(timeoutMs: number): Promise<number> {
    await this.heal();
    const { pending } = await this.inPage((page) => page.evaluate((ms) => window.phone.client.flush({ timeoutMs: ms }), timeoutMs));
    return pending;
  }

  /** Resolves once the device knows everything from the server. @throws after `withinMs` */
  async live(withinMs: number): Promise<void> {
    await this.inPage((page) =>
      page.evaluate(
        async (ms) => void (await window.phone.until(window.phone.client.watchConnection(), ({ state }) => state === 'live', ms)),
        withinMs,
      ),
    );
  }

  async close(): Promise<void> {
    await this.#page.catch(() => undefined);
    await this.profile.remove();
    await this.proxy.close();
  }
}
