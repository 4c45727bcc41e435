import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mustRun, packPackage, REPOSITORY, runToEnd, type Workplace } from '../support/packed.ts';

let workplace: Workplace;
let unpacked: string;

beforeAll(async () => {
  workplace = await packPackage();
  await mustRun('tar', ['-xzf', workplace.tarball], workplace.folder);
  unpacked = join(workplace.folder, 'package');
});

afterAll(() => workplace.remove());

const manifest = async () =>
  JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string; default: string } | string>;
    bin: Record<string, string>;
    main: string;
    alias: Record<string, string>;
  };

it('publint reports nothing about the package', async () => {
  const pkg = await manifest();
  const { messages } = await publint({ pkgDir: unpacked, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

it('types resolve as the code does, at every entry point', async () => {
  const attw = join(REPOSITORY, 'node_modules/.bin/attw');
  const { code, output } = await runToEnd(attw, [workplace.tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], REPOSITORY);
  expect(code, output).toBe(0);
  for (const door of Object.keys((await manifest()).exports)) expect(output).toContain(`"${join('tidemark', door)}"`);
});

it('the package has every file named by its entry points, and PROTOCOL.md beside the code', async () => {
  const { exports, bin } = await manifest();
  const named = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : [target.types, target.default]));
  const files = (await readdir(unpacked, { recursive: true })).map((file) => `./${file}`);
  expect(files).toEqual(
    expect.arrayContaining([...named, ...Object.values(bin), './dist/protocol/PROTOCOL.md', './LICENSE', './CHANGELOG.md']),
  );
});

it('the package has no sources, no tests and no demo', async () => {
  const top = (await readdir(unpacked)).filter((name) => !['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'].includes(name));
  expect(top).toEqual([]);
});

it('the only source map is the worker’s, and the package is at most 1,000 kB to download', async () => {
  const maps = (await readdir(unpacked, { recursive: true })).filter((file) => file.endsWith('.map'));
  expect(maps).toEqual(['dist/worker.js.map']);
  const texts = (await modules()).filter((file) => !file.endsWith('dist/worker.js')).map((file) => readFile(file, 'utf8'));
  expect((await Promise.all(texts)).filter((text) => text.includes('sourceMappingURL='))).toEqual([]);
  expect((await stat(workplace.tarball)).size).toBeLessThan(1_000_000);
});

it('the command starts with a shebang', async () => {
  const { bin } = await manifest();
  expect((await readFile(join(unpacked, bin['tidemark']!), 'utf8')).split('\n')[0]).toBe('#!/usr/bin/env node');
});

const modules = async (): Promise<string[]> =>
  (await readdir(join(unpacked, 'dist'), { recursive: true }))
    .filter((file) => file.endsWith('.js'))
    .map((file) => join(unpacked, 'dist', file));

it('the page finds the worker beside its starting module', async () => {
  const found: string[] = [];
  for (const file of await modules())
    for (const [, path] of (await readFile(file, 'utf8')).matchAll(/new URL\(\s*["'`]([^"'`]*worker\.js)["'`],\s*import\.meta\.url\s*\)/g))
      found.push(fileURLToPath(new URL(path!, pathToFileURL(file))));
  expect(found.sort()).toEqual([join(unpacked, 'dist/start-worker.js'), join(unpacked, 'dist/worker.js')]);
  // Vite makes a `data:` address of a file under 4 kB.
  expect((await readFile(join(unpacked, 'dist/start-worker.js'))).length).toBeGreaterThan(4096);
});

it('the worker file is complete: a bundler has nothing to resolve in this file', async () => {
  const code = await readFile(join(unpacked, 'dist/worker.js'), 'utf8');
  expect(code).not.toMatch(/(?:^|[;}\s])import\s*["'{*\w]|\bfrom\s*["'][^"']+["']\s*;|\bimport\s*\(|\brequire\s*\(\s*["']/m);
  expect(code.length).toBeGreaterThan(50_000); // the file really contains the engine
});

it('the inline copy of the worker equals the worker file and is a module of its own (F127)', async () => {
  const { WORKER_SCRIPT } = (await import(pathToFileURL(join(unpacked, 'dist/inline-worker.js')).href)) as { WORKER_SCRIPT: string };
  const code = await readFile(join(unpacked, 'dist/worker.js'), 'utf8');
  expect(WORKER_SCRIPT.trimEnd()).toBe(code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ''));
  const loading = await Promise.all(
    (await modules()).map(async (file) => [relative(unpacked, file), await readFile(file, 'utf8')] as const),
  );
  expect(loading.filter(([, text]) => /["'`]\.\/inline-worker\.js["'`]/.test(text))).toEqual([
    // The page's part of the library, which the facades share.
    ['dist/index.js', expect.stringContaining('import("./inline-worker.js")') as string],
  ]);
});

it('bundlers that do not read `exports` find the browser’s entry points (F127)', async () => {
  const { exports, main, alias } = await manifest();
  const targetOf = (door: string): string => (exports[door] as { default: string }).default;
  expect(main).toBe(targetOf('.'));
  for (const door of [
    './worker',
    './service-worker',
    './react',
    './inspector',
    './protocol',
    ...Object.keys(exports).filter((name) => /^\.\/(compat|outbox)\b/.test(name)),
  ])
    expect(alias[door]).toBe(targetOf(door));
});

it('bundlers for React know the hooks as code of the client', async () => {
  expect((await readFile(join(unpacked, 'dist/react/index.js'), 'utf8')).split('\n')[0]).toBe('"use client";');
});

it('the browser’s entry points load no module of Node', async () => {
  const loaded = async (file: string, seen = new Set<string>()): Promise<string[]> => {
    if (seen.has(file)) return [];
    seen.add(file);
    const imports = [...(await readFile(file, 'utf8')).matchAll(/^(?:import|export)\b[^;]*?["']([^"'\n]+)["'];?$/gm)].map(
      ([, path]) => path!,
    );
    const further = imports.filter((path) => path.startsWith('.')).map((path) => loaded(join(dirname(file), path), seen));
    return [...imports.filter((path) => !path.startsWith('.')), ...(await Promise.all(further)).flat()];
  };
  const { exports } = await manifest();
  for (const door of ['.', './worker', './service-worker', './protocol']) {
    const target = exports[door]!;
    const imports = await loaded(join(unpacked, typeof target === 'string' ? target : target.default));
    const libraries = [...new Set(imports.map((path) => path.split('/')[0]!))].sort();
    const allowed =
      door === '.' ? ['comlink', 'idb-keyval', 'rxjs'] : door === './protocol' ? ['valibot'] : ['comlink', 'idb-keyval', 'rxjs', 'valibot'];
    expect(
      libraries.filter((library) => !allowed.includes(library)),
      door,
    ).toEqual([]);
  }
});
