/** A browser on a profile on disk. In a private window IndexedDB would be in memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { launchOptions } from '../../support/chromium.ts';
import { SQLITE_FLAG } from '../../support/chromium-storage.ts';
import { findEngines } from '../../support/find-engines.ts';
import { PREFERENCES, preferencesFile } from '../../support/firefox-provider.ts';
import { cpuMsOf } from './cpu-time.ts';

export type BrowserName = 'chromium' | 'chromium-sqlite' | 'firefox';

export interface OpenBrowser {
  readonly version: string;
  goTo(url: string): Promise<void>;
  cpuMs(): number;
  /** The time for which the page's main thread was busy; NaN where the browser does not say. */
  mainMs(): Promise<number>;
  close(): Promise<void>;
}

/** Measures memory at once, instead of at the next collection of garbage. */
const EAGER_MEMORY = '--enable-blink-features=ForceEagerMeasureMemory';

const openChromium = async (profile: string, isSqlite: boolean): Promise<OpenBrowser> => {
  const { args, ...options } = await launchOptions();
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    // The bench ends the browser itself, after the running step.
    handleSIGINT: false,
    handleSIGTERM: false,
    args: [...args, EAGER_MEMORY, ...(isSqlite ? [SQLITE_FLAG] : [])],
  });
  const browser = context.browser()!;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const pid = processInfo.find(({ type }) => type === 'browser')!.id;
  const page = context.pages()[0] ?? (await context.newPage());
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  return {
    version: `Chromium ${browser.version()}`,
    goTo: async (url) => void (await page.goto(url)),
    cpuMs: () => cpuMsOf(pid),
    mainMs: async () => {
      const { metrics } = await cdp.send('Performance.getMetrics');
      return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN) * 1000;
    },
    close: () => context.close(),
  };
};

const ENDS_WITHIN_MS = 10_000;

const openFirefox = async (profile: string): Promise<OpenBrowser> => {
  const { firefox: path } = await findEngines();
  if (path === undefined) throw new Error('Firefox is not installed (apt-get install firefox-esr)');
  await mkdir(profile, { recursive: true });
  await writeFile(join(profile, 'user.js'), preferencesFile(PREFERENCES));
  const version = await new Promise<string>((resolve) => {
    const asking = spawn(path, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HOME: profile } });
    asking.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    asking.once('exit', () => resolve('Firefox'));
  });
  let child: ReturnType<typeof spawn> | undefined;
  const orphaned = (): void => void child?.kill('SIGKILL');
  process.once('exit', orphaned);
  return {
    version,
    goTo: async (url) => {
      const args = ['--headless', '--no-remote', '--profile', profile, url];
      child = spawn(path, args, {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
      });
    },
    cpuMs: () => (child?.pid === undefined ? 0 : cpuMsOf(child.pid)),
    mainMs: () => Promise.resolve(NaN),
    close: async () => {
      process.off('exit', orphaned);
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const stubborn = setTimeout(() => child?.kill('SIGKILL'), ENDS_WITHIN_MS);
      await ended;
      clearTimeout(stubborn);
    },
  };
};

export const openBrowser = (name: BrowserName, profile: string): Promise<OpenBrowser> =>
  name === 'firefox' ? openFirefox(profile) : openChromium(profile, name === 'chromium-sqlite');
