/** Lets a test import `tidemark` and its entry points from `dist`, like an app with the installed package. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, { default?: string } | string>;
};

export const builtPackage = Object.entries(manifest.exports).flatMap(([door, target]) =>
  typeof target === 'string' || target.default === undefined
    ? []
    : [{ find: new RegExp(`^tidemark${door.slice(1)}$`), replacement: fileURLToPath(new URL(target.default, root)) }],
);
