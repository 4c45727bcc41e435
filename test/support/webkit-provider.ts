/** Runs Vitest's browser suites in WebKitGTK: its smallest browser on a display of its own, driven over the W3C's WebDriver. */
import { defineBrowserProvider } from '@vitest/browser';
import type { BrowserProviderOption } from 'vitest/node';
import { besideOthers } from './beside-others.ts';
import type { WebKitFiles } from './find-engines.ts';
import { freePort, type KeptProcess, startKept } from './kept-process.ts';

const STARTS_WITHIN_MS = 60_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A WebDriver session: a browser and its page. */
class WebKit {
  #display: KeptProcess | undefined;
  #driver: KeptProcess | undefined;
  #address = '';
  #session: string | undefined;

  constructor(private readonly files: WebKitFiles) {}

  async openPage(url: string): Promise<void> {
    this.#session ??= await this.#start();
    await this.#ask('POST', `/session/${this.#session}/url`, { url });
  }

  async close(): Promise<void> {
    if (this.#session) await this.#ask('DELETE', `/session/${this.#session}`).catch(() => undefined);
    await this.#driver?.end();
    await this.#display?.end();
    this.#session = this.#driver = this.#display = undefined;
  }

  async #start(): Promise<string> {
    // The display server takes a free display number, and prints it on descriptor 3.
    const { display, driver, browser } = this.files;
    this.#display = await startKept(async () => [display, '-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']);
    const number = await this.#display.says(/^(\d+)\n/m);
    const port = await freePort();
    this.#driver = await startKept(
      async () => [driver, `--port=${port}`, '--host=127.0.0.1'],
      (folder) => ({
        DISPLAY: `:${number}`,
        // The browser reads and writes no data of the user, and uses no session bus.
        HOME: folder,
        TMPDIR: folder,
        XDG_CACHE_HOME: folder,
        XDG_CONFIG_HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_RUNTIME_DIR: folder,
        NO_AT_BRIDGE: '1',
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
        // The sandbox needs user namespaces, which containers refuse. These pages are our own.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      }),
    );
    this.#address = `http://127.0.0.1:${port}`;
    await this.#answering();
    const { sessionId } = (await this.#ask('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } } },
    })) as { sessionId: string };
    return sessionId;
  }

  async #answering(): Promise<void> {
    const until = Date.now() + STARTS_WITHIN_MS;
    for (;;) {
      try {
        return void (await this.#ask('GET', '/status'));
      } catch (error) {
        if (Date.now() > until) throw new Error(`WebKitWebDriver does not answer at ${this.#address}`, { cause: error });
      }
      await sleep(20);
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#address + path, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = (await response.json()) as { value: unknown };
    if (!response.ok) throw new Error(`WebDriver ${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  }
}

export const webkit = (files: WebKitFiles): BrowserProviderOption =>
  defineBrowserProvider({
    name: 'webkit-webdriver',
    supportedBrowser: ['webkit'],
    providerFactory: () => {
      const browser = new WebKit(files);
      return {
        name: 'webkit-webdriver',
        ...besideOthers,
        getCommandsContext: () => ({}),
        openPage: (_session, url) => browser.openPage(url),
        close: () => browser.close(),
      };
    },
  });
