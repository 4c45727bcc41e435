/** A real Chromium on a profile of its own, behind a proxy: killed, cut off and healed, acting through the public door alone. */
import type { Page } from 'playwright';
import { BrowserProfile } from '../support/browser-profile.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

export class Phone {
  kills = 0;
  cuts = 0;
  #page: Promise<Page>;
  /** Grows with every kill: what failed in an earlier life is simply done again. */
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

  /** @param port where the receipt server listens. */
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

  /** What a kill interrupts is done again in the next life: every call is safe to repeat. */
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

  /** SIGKILL, and a new start on the same profile. */
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

  /** The network is back, and the device says so. */
  async heal(): Promise<void> {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.proxy.heal();
    await this.inPage((page) => page.evaluate(() => void dispatchEvent(new Event('online'))));
  }

  /** Heals the network where it must. @returns entries that the server has not answered after `timeoutMs` */
  async flush(timeoutMs: number): Promise<number> {
    await this.heal();
    const { pending } = await this.inPage((page) => page.evaluate((ms) => window.phone.client.flush({ timeoutMs: ms }), timeoutMs));
    return pending;
  }

  /** The device knows all that the server knows. @throws where that takes longer than `withinMs` */
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
