import { playwright } from '@vitest/browser-playwright';
import type { BrowserProviderOption } from 'vitest/node';
import { defineConfig } from 'vitest/config';
import { builtPackage } from './test/support/built-package.ts';
import { launchOptions } from './test/support/chromium.ts';
import { findEngines } from './test/support/find-engines.ts';
import { firefox } from './test/support/firefox-provider.ts';
import { webkit } from './test/support/webkit-provider.ts';
import { workerFromSource } from './test/support/worker-from-source.ts';

/** One project each: two providers do not go into one. `order` is when in the run. */
const browserProject = (name: 'chromium' | 'firefox' | 'webkit', order: number, provider: BrowserProviderOption) => ({
  plugins: [workerFromSource()],
  cacheDir: `node_modules/.vite/${name}`,
  optimizeDeps: { include: ['dexie', 'rxjs', 'comlink', 'valibot', 'idb-keyval'] },
  test: {
    name,
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/support/browser-backend.ts'],
    testTimeout: 20_000,
    sequence: { groupOrder: order },
    browser: { enabled: true, headless: true, screenshotFailures: false, provider, instances: [{ browser: name }] },
  },
});

export default defineConfig(async () => {
  // Finds, never installs: `npm test` has seen to that, and a single unit test needs no browser.
  const [launch, engines] = await Promise.all([launchOptions(), findEngines()]);
  return {
    test: {
      // One group after the other, so that what measures patience (e2e) does not share the machine with what does not.
      projects: [
        {
          resolve: { alias: builtPackage },
          test: {
            name: 'node',
            include: ['test/{unit,property,contract}/**/*.test.ts', 'test/floor-plan.test.ts'],
            sequence: { groupOrder: 0 },
          },
        },
        browserProject('chromium', 1, playwright({ launchOptions: launch })),
        ...(engines.firefox ? [browserProject('firefox', 2, firefox(engines.firefox))] : []),
        ...(engines.webkit ? [browserProject('webkit', 3, webkit(engines.webkit))] : []),
        {
          resolve: { alias: builtPackage },
          test: {
            name: 'e2e',
            include: ['test/{package,e2e}/**/*.test.ts'],
            globalSetup: ['test/support/made-store.ts'],
            fileParallelism: false,
            testTimeout: 180_000,
            hookTimeout: 120_000,
            sequence: { groupOrder: 4 },
          },
        },
      ],
    },
  };
});
