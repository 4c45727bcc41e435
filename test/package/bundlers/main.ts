/** `npm run test:bundlers`: apps on each bundler install the packed package, are built, and are opened in Chromium. Prints a line for each. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { launchOptions } from '../../support/chromium.ts';
import { packPackage } from '../../support/packed.ts';
import { APPS } from './apps.ts';
import { tryApp } from './try-app.ts';

/** The folder stays between runs, so that installed packages are not installed again. */
const FOLDER = join(tmpdir(), 'tidemark-bundlers');

export const USAGE = `npm run test:bundlers -- [APP …]   without an app, all

  ${Object.keys(APPS).join('\n  ')}`;

/** @param args names of apps; none for all. */
export const main = async (args: readonly string[]): Promise<number> => {
  const names = Object.entries(APPS).flatMap(([name, { packages = name }]) => [name, packages]);
  const unknown = args.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    console.error(`no app has the name ${unknown}; --help lists the apps`);
    return 2;
  }
  const workplace = await packPackage();
  const browser = await chromium.launch(await launchOptions());
  let failed = 0;
  try {
    for (const [name, app] of Object.entries(APPS)) {
      if (args.length > 0 && !args.includes(name) && !args.includes(app.packages ?? name)) continue;
      const began = Date.now();
      const line = await tryApp(name, app, workplace.tarball, FOLDER, browser).catch((error: unknown) => {
        failed++;
        return `FAILED: ${error instanceof Error ? error.message : String(error)}`;
      });
      console.log(`${name}: ${line}, ${Math.round((Date.now() - began) / 1000)} s`);
    }
  } finally {
    await browser.close();
    await workplace.remove();
  }
  return failed === 0 ? 0 : 1;
};
