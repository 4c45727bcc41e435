/**
 * One quick bundler of each family builds the packed package and starts the worker in Chromium: webpack's, esbuild's, Parcel's. Vite's has a
 * test of its own. `npm run test:bundlers` has all bundlers and frameworks.
 */
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchOptions } from '../support/chromium.ts';
import { packPackage, type Workplace } from '../support/packed.ts';
import { APPS } from './bundlers/apps.ts';
import { COPY, FILE } from './bundlers/open-page.ts';
import { tryApp } from './bundlers/try-app.ts';

let workplace: Workplace;
let browser: Browser;

beforeAll(async () => {
  workplace = await packPackage();
  browser = await chromium.launch(await launchOptions());
});
afterAll(async () => {
  await browser.close();
  await workplace.remove();
});

it.each([
  ['rspack', FILE],
  ['esbuild, one file', COPY],
  ['parcel', FILE],
])('%s needs no configuration: the worker starts from %s (F127)', async (name, script) => {
  expect(await tryApp(name, APPS[name]!, workplace.tarball, workplace.folder, browser)).toContain(`starts from ${script}`);
});
