/** All apps of `npm run test:bundlers`, by name. */
import type { Apps } from './app.ts';
import { BUNDLER_APPS } from './bundler-apps.ts';
import { FRAMEWORK_APPS } from './framework-apps.ts';
import { RECIPE_APPS } from './recipe-apps.ts';

export const APPS: Apps = { ...BUNDLER_APPS, ...FRAMEWORK_APPS, ...RECIPE_APPS };
