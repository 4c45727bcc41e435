/** The base of every end-to-end test: the page of the app on its own host, a server in a process of its own, devices behind proxies. */
import type { Page } from 'playwright';
import type { PreviewServer } from 'vite';
import type { ConversationId } from '../../src/model/ids.ts';
import { BrowserProfile } from '../support/browser-profile.ts';
import { Deadline } from '../support/machine.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import { INSECURE_HOST, RealBrowser } from '../support/real-browser.ts';
import { ServedReceipts } from '../support/serve.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { addToPage, servePage } from './site.ts';

const insecure = (address: string): string => address.replace('127.0.0.1', INSECURE_HOST);

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Checks the condition every 20 ms, and resolves as soon as the condition holds. A busy machine gets more
 * time. @throws {Error} with `what` in the message.
 */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> => {
  const deadline = new Deadline(withinMs);
  while (!(await holds())) {
    if (await deadline.isOver()) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(20);
  }
};

/** A browser of a user, with its connection to the server and its page. */
export class Device {
  page!: Page;

  private constructor(
    readonly userId: string,
    readonly proxy: TcpProxy,
    private readonly site: string,
    private readonly profile: BrowserProfile | RealBrowser,
    readonly troubles: string[],
  ) {}

  static async create(userId: string, site: string, targetPort: number, isReal: boolean): Promise<Device> {
    const profile = await (isReal ? RealBrowser : BrowserProfile).create();
    return new Device(userId, await TcpProxy.start(targetPort), site, profile, []);
  }

  /** The origin of the app's page. */
  get origin(): string {
    return new URL(this.site).origin;
  }

  /**
   * Starts the browser and opens the app, with recorders on these badges from the first moment.
   *
   * @param prepare sees the empty page.
   */
  async start(
    badges: readonly ConversationId[] = [],
    more: Readonly<Record<string, string>> = {},
    prepare: (page: Page) => Promise<unknown> = async () => undefined,
  ): Promise<Page> {
    const context = await this.profile.start();
    this.page = context.pages()[0] ?? (await context.newPage());
    await prepare(this.page);
    await this.open(badges, more);
    return this.page;
  }

  /** Opens the app in the current page, or in a new one. */
  async open(badges: readonly ConversationId[] = [], more: Readonly<Record<string, string>> = {}): Promise<Page> {
    if (this.page.isClosed()) this.page = await this.page.context().newPage();
    else this.page.removeAllListeners('pageerror');
    return this.load(this.page, badges, more);
  }

  /** Opens the app in one more tab of the same browser. */
  async tab(badges: readonly ConversationId[] = [], more: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.load(await this.page.context().newPage(), badges, more);
  }

  private async load(page: Page, badges: readonly ConversationId[], more: Readonly<Record<string, string>>): Promise<Page> {
    page.on('pageerror', (error) => this.troubles.push(String(error)));
    const query = new URLSearchParams([
      ['server', `127.0.0.1:${this.proxy.port}`],
      ...Object.entries({ user: this.userId, ...more }),
      ...badges.map((id) => ['badge', id]),
    ]);
    await page.goto(`${this.site}?${query.toString()}`);
    await page.waitForFunction(() => 'app' in window);
    return page;
  }

  total(): Promise<number | undefined> {
    return this.page.evaluate(() => window.app.total.at(-1)?.[1]);
  }

  pending(): Promise<number | undefined> {
    return this.page.evaluate(() => window.app.outbox.at(-1)?.[1].pending);
  }

  state(): Promise<string | undefined> {
    return this.page.evaluate(() => window.app.connection.at(-1)?.[1].state);
  }

  /** Allows tabs to be discarded, see {@link BrowserProfile.discard}; not in a real browser, and before the first start only. */
  async withDiscarding(): Promise<(tab: Page) => Promise<void>> {
    const profile = this.profile as BrowserProfile;
    await profile.withDiscarding();
    return (tab) => profile.discard(tab.url());
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.profile.kill();
  }

  async remove(): Promise<void> {
    await this.profile.remove();
    await this.proxy.close();
  }
}

export class World {
  readonly #devices: Device[] = [];
  readonly #people: ProtocolClient[] = [];

  private constructor(
    readonly server: ServedReceipts,
    private readonly site: PreviewServer,
  ) {}

  static async start(): Promise<World> {
    const site = await servePage();
    const { origin } = new URL(site.resolvedUrls!.local[0]!);
    const server = await ServedReceipts.start(['--allow-origin', origin, '--allow-origin', insecure(origin)]);
    return new World(server, site);
  }

  /**
   * A device before its start.
   *
   * @param isReal whether the browser can hide, freeze and cache tabs.
   * @param isSecure false: the app comes from an address without the browsers' trust, like `http://` on another machine.
   *   Needs `isReal`.
   */
  async device(userId: string, { isReal = false, isSecure = true } = {}): Promise<Device> {
    const [site] = this.site.resolvedUrls!.local as [string];
    const device = await Device.create(userId, isSecure ? site : insecure(site), this.server.port, isReal);
    this.#devices.push(device);
    return device;
  }

  /** Adds a file beside the app. */
  add(name: string, content: string): Promise<void> {
    return addToPage(name, content);
  }

  /** A person with a direct connection to the server. */
  async person(userId: string): Promise<ProtocolClient> {
    const person = await ProtocolClient.connect(this.server.url, await this.server.token(userId), userId, 'elsewhere');
    this.#people.push(person);
    return person;
  }

  /** Removes all persons and devices; the server stays for the next test. */
  async clear(): Promise<void> {
    for (const person of this.#people.splice(0)) person.close();
    await Promise.all(this.#devices.splice(0).map((device) => device.remove()));
  }

  async remove(): Promise<void> {
    await this.clear();
    await this.server.remove();
    await this.site.close();
  }
}

/** Sends messages from a person to another in a single frame. @returns their ids, oldest first */
export const sendMany = async (from: ProtocolClient, to: string, count: number): Promise<string[]> => {
  const entries = Array.from({ length: count }, (_, n) => from.messageEntry(`direct:${to}`, { text: `${from.userId} ${n}` }));
  const results = await from.submit(entries);
  return results.map((result, i) => {
    const entry = entries[i]!;
    if (result.outcome === 'confirmed' && entry.kind === 'message') return entry.id;
    throw new Error(JSON.stringify(result));
  });
};

/** Resolves once the sender knows of the delivery of all these messages: a device of the reader stores them, and its outbox is empty. */
export const delivered = async (sender: ProtocolClient, to: Device, upTo: number): Promise<void> => {
  await eventually(`${upTo} delivered to ${to.userId}`, () =>
    (sender.rows.get(`direct:${to.userId}`)?.theirs.delivered ?? []).some((stretch) => stretch[0] === 1 && stretch[1] === upTo),
  );
  await eventually('an empty outbox', async () => (await to.pending()) === 0);
};
