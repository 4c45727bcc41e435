import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { builtPackage } from './test/support/built-package.ts';
import { launchOptions } from './test/support/chromium.ts';
import { workerFromSource } from './test/support/worker-from-source.ts';

export default defineConfig(async () => {
  // Finds, never installs: `npm test` has seen to that, and a single unit test needs no browser.
  const launch = await launchOptions();
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
        {
          plugins: [workerFromSource()],
          optimizeDeps: { include: ['dexie', 'rxjs', 'comlink', 'valibot', 'idb-keyval'] },
          test: {
            name: 'chromium',
            include: ['test/browser/**/*.test.ts'],
            testTimeout: 20_000,
            sequence: { groupOrder: 1 },
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({ launchOptions: launch }),
              instances: [{ browser: 'chromium' as const }],
            },
          },
        },
        {
          resolve: { alias: builtPackage },
          test: {
            name: 'e2e',
            include: ['test/{package,e2e}/**/*.test.ts'],
            fileParallelism: false,
            testTimeout: 180_000,
            hookTimeout: 120_000,
            sequence: { groupOrder: 2 },
          },
        },
      ],
    },
  };
});
