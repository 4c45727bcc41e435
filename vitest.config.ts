import { availableParallelism } from 'node:os';
import { playwright } from '@vitest/browser-playwright';
import type { BrowserProviderOption } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';
import { builtPackage } from './test/support/built-package.ts';
import { hooksOnPreact } from './test/support/hooks-on-preact.ts';
import { launchOptions } from './test/support/chromium.ts';
import { isOnSqlite, ON_SQLITE, removeAtEnd, SQLITE_PROFILE } from './test/support/chromium-storage.ts';
import { findEngines } from './test/support/find-engines.ts';
import { firefox } from './test/support/firefox-provider.ts';
import { LongestFirst } from './test/support/longest-first.ts';
import { slowness } from './test/support/machine.ts';
import { webkit } from './test/support/webkit-provider.ts';
import { scriptsFromSource } from './test/support/scripts-from-source.ts';

/** A test that hangs is given up, on a machine that was busy when it all began so many times later. */
const SLOWNESS = await slowness();

if (isOnSqlite()) removeAtEnd(SQLITE_PROFILE);

/** One project each: two providers do not go into one. The engines run side by side. */
const browserProject = (name: 'chromium' | 'chromium-sqlite' | 'firefox' | 'webkit', provider: BrowserProviderOption) => ({
  plugins: [scriptsFromSource(), hooksOnPreact()],
  cacheDir: `node_modules/.vite/${name}`,
  optimizeDeps: {
    include: ['rxjs', 'comlink', 'valibot', 'idb-keyval', 'react', 'react-dom/client', 'preact/compat', 'preact/compat/client'],
  },
  test: {
    name,
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/support/browser-backend.ts'],
    testTimeout: 40_000 * SLOWNESS,
    expect: { poll: { timeout: 15_000 * SLOWNESS } },
    sequence: { groupOrder: 1 },
    browser: {
      enabled: true,
      headless: true,
      // A profile on disk has one browser, and so has each of the other engines.
      fileParallelism: name === 'chromium',
      screenshotFailures: false,
      provider,
      instances: [{ browser: name === ON_SQLITE ? 'chromium' : name }],
    },
  },
});

/** End to end without a word about seconds: two at a time, of which one mostly waits. Whatever promises to be quick runs alone (e2e). */
const JOURNEYS = [
  'test/package/**/*.test.ts',
  ...[
    'demo',
    'demo-notifications',
    'demo-vendors',
    'groups',
    'half-open',
    'log-out',
    'migration',
    'offline-reading',
    'outbox-sdks',
    'public-calls',
    'readme',
    'replay',
    'viewing',
  ].map((name) => `test/e2e/${name}.test.ts`),
];

/** On what `npm run build` made. */
const built = {
  globalSetup: ['test/support/made-store.ts', 'test/support/made-page.ts'],
  testTimeout: 300_000 * SLOWNESS,
  hookTimeout: 240_000 * SLOWNESS,
};

export default defineConfig(async () => {
  // Finds, never installs: `npm test` has seen to that, and a single unit test needs no browser.
  const [launch, engines] = await Promise.all([launchOptions(), findEngines()]);
  return {
    test: {
      sequence: { sequencer: LongestFirst },
      // One group after the other, so that what measures patience (e2e) does not share the machine with what does not.
      projects: [
        {
          resolve: { alias: builtPackage },
          test: {
            name: 'node',
            include: ['test/{unit,property,contract}/**/*.test.ts', 'test/{floor-plan,citations}.test.ts'],
            // Vitest would leave one core to itself, and it has little to do.
            maxWorkers: availableParallelism(),
            testTimeout: 10_000 * SLOWNESS,
            hookTimeout: 20_000 * SLOWNESS,
            sequence: { groupOrder: 0 },
          },
        },
        ...(isOnSqlite()
          ? [browserProject(ON_SQLITE, playwright({ launchOptions: launch, persistentContext: SQLITE_PROFILE }))]
          : [
              browserProject('chromium', playwright({ launchOptions: launch })),
              ...(engines.firefox ? [browserProject('firefox', firefox(engines.firefox))] : []),
              ...(engines.webkit ? [browserProject('webkit', webkit(engines.webkit))] : []),
            ]),
        {
          resolve: { alias: builtPackage },
          test: { ...built, name: 'journeys', include: JOURNEYS, maxWorkers: 2, sequence: { groupOrder: 4 } },
        },
        {
          resolve: { alias: builtPackage },
          test: {
            ...built,
            name: 'e2e',
            include: ['test/e2e/**/*.test.ts'],
            exclude: [...configDefaults.exclude, ...JOURNEYS],
            fileParallelism: false,
            sequence: { groupOrder: 5 },
          },
        },
      ],
    },
  };
});
