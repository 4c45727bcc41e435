/** Vitest's browser suites in the installed Firefox, driven by WebDriver BiDi: no driver beside Firefox, no patched build. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineBrowserProvider } from '@vitest/browser';
import puppeteer, { type Browser } from 'puppeteer-core';
import type { BrowserProviderOption } from 'vitest/node';
import { besideOthers } from './beside-others.ts';
import { type KeptProcess, startKept } from './kept-process.ts';

/**
 * Firefox itself sets the preferences for automation. These preferences come on top: no prompts about slow
 * scripts, and no requests of its own to the network.
 */
export const PREFERENCES = {
  'dom.max_script_run_time': 0,
  'browser.startup.page': 0,
  'browser.startup.homepage': 'about:blank',
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
};

export const preferencesFile = (preferences: Readonly<Record<string, unknown>>): string =>
  Object.entries(preferences)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');

class Firefox {
  #process: KeptProcess | undefined;
  #browser: Browser | undefined;

  constructor(private readonly path: string) {}

  async openPage(url: string): Promise<void> {
    this.#browser ??= await this.#start();
    const page = await this.#browser.newPage();
    await page.goto(url, { timeout: 60_000 });
  }

  async close(): Promise<void> {
    await this.#browser?.close().catch(() => undefined);
    await this.#process?.end();
    this.#browser = this.#process = undefined;
  }

  async #start(): Promise<Browser> {
    this.#process = await startKept(
      async (folder) => {
        await writeFile(join(folder, 'user.js'), preferencesFile(PREFERENCES));
        return [this.path, '--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', folder];
      },
      (folder) => ({ HOME: folder, TMPDIR: folder, MOZ_CRASHREPORTER_DISABLE: '1' }),
    );
    const endpoint = await this.#process.says(/WebDriver BiDi listening on (ws:\/\/\S+)/);
    return puppeteer.connect({ browserWSEndpoint: `${endpoint}/session`, protocol: 'webDriverBiDi' });
  }
}

export const firefox = (path: string): BrowserProviderOption =>
  defineBrowserProvider({
    name: 'firefox-bidi',
    supportedBrowser: ['firefox'],
    providerFactory: () => {
      const browser = new Firefox(path);
      return {
        name: 'firefox-bidi',
        ...besideOthers,
        getCommandsContext: () => ({}),
        openPage: (_session, url) => browser.openPage(url),
        close: () => browser.close(),
      };
    },
  });
