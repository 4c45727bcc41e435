import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ARROWS, breaches, MAX_LINES, SHELVES } from './support/floor-plan.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const readSources = (): Map<string, string> =>
  new Map(
    readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(root, file).split(sep).join('/'), readFileSync(file, 'utf8')]),
  );

// The test reads all files, which takes long on a busy machine.
it('the imports of all files keep to the floor plan', () => {
  const sources = readSources();
  expect(sources.size).toBeGreaterThan(20);
  expect(breaches(sources)).toEqual([]);
}, 60_000);

const house = (files: Record<string, string>): Map<string, string> => {
  const ground = [
    'index',
    'errors',
    'model/ids',
    'ports/ports',
    'protocol/index',
    'protocol/hello',
    'protocol/codec',
    'store/store',
    'store/disk-store',
    'engine/state/account-state',
  ];
  const rooms = [
    'transport/backoff',
    'bridge/connect',
    'client/client',
    'worker/host',
    'server/index',
    'server/server',
    'engine/sync/outbox/outbox-sender',
    'log/pages',
    'server/core',
    'compat/shared',
    'compat/tencent/b',
    'model/conversation/b',
  ];
  return new Map([
    ...[...ground, ...rooms].map((path): [string, string] => [`src/${path}.ts`, path === 'protocol/codec' ? `import 'valibot';` : '']),
    ...Object.entries(files).map(([path, text]): [string, string] => [`src/${path}`, text]),
  ]);
};

it.each([
  [
    'every room imports model, ports and errors',
    'store/a.ts',
    `import '../model/ids.ts'; import '../ports/ports.ts'; import '../errors.ts';`,
  ],
  ['a room imports itself', 'store/a.ts', `import './store.ts';`],
  ['client reaches bridge', 'client/a.ts', `import { connect } from '../bridge/connect.ts';`],
  ['worker reaches engine, store, transport', 'worker/a.ts', `import '../engine/state/account-state.ts'; import '../store/store.ts';`],
  ['a shelf imports the shelves below it', 'engine/views/a.ts', `import '../state/account-state.ts';`],
  ['a file beside the shelves imports all of them', 'engine/a.ts', `import './sync/outbox/outbox-sender.ts';`],
  ['the engine reads the formats of the log', 'engine/write/a.ts', `import '../../log/pages.ts';`],
  ['a facade imports the entry point', 'compat/zim/a.ts', `import { createReceiptClient } from '../../index.ts';`],
  ['a facade imports the files beside the facades', 'compat/zim/a.ts', `import '../shared.ts';`],
  ['each library in its room', 'bridge/a.ts', `import * as Comlink from 'comlink'; import { map } from 'rxjs/operators';`],
  [
    'the server has Node and its drivers',
    'server/a.ts',
    `import { createServer } from 'node:http'; import { PGlite } from '@electric-sql/pglite';`,
  ],
])('allows: %s', (_name, path, text) => {
  expect(breaches(house({ [path]: text }))).toEqual([]);
});

it.each([
  ['errors imports nothing', 'errors.ts', `import './model/ids.ts';`, 'errors may import'],
  ['model does not look up', 'model/a.ts', `import type { Ports } from '../ports/ports.ts';`, 'model may import'],
  ['a facade imports no other room', 'compat/zim/a.ts', `import type { Seq } from '../../model/ids.ts';`, 'compat may import index'],
  ['a facade imports no other facade', 'compat/zim/a.ts', `import '../tencent/b.ts';`, 'compat/zim may import (the files beside'],
  [
    'a file beside the facades imports no facade',
    'compat/a.ts',
    `import '../compat/tencent/b.ts';`,
    'compat/a may import (the files beside',
  ],
  ['the start of workers knows no client', 'client/worker-start/a.ts', `import '../client.ts';`, 'client/worker-start may import nothing'],
  ['the engine knows no store', 'engine/a.ts', `import type { Rows } from '../store/disk-store.ts';`, 'engine may import'],
  ['the engine decodes no frames', 'engine/a.ts', `export { decode } from '../protocol/codec.ts';`, 'loads valibot by way of'],
  ['ports knows no rooms', 'ports/a.ts', `import '../bridge/connect.ts';`, 'ports may import'],
  ['the page loads no engine', 'client/a.ts', `const engine = await import('../engine/state/account-state.ts');`, 'client may import'],
  ['the bridge knows no client', 'bridge/a.ts', `import '../client/client.ts';`, 'bridge may import'],
  ['the server knows no client', 'server/a.ts', `import '../client/client.ts';`, 'server may import'],
  ['the protocol stands alone', 'protocol/a.ts', `let a: import('../transport/backoff.ts').Backoff;`, 'protocol may import'],
  ['views do not import sync', 'engine/views/a.ts', `import '../sync/outbox/outbox-sender.ts';`, 'engine/views may import'],
  ['a mergeable fact knows no conversation', 'model/registers/a.ts', `import '../conversation/b.ts';`, 'model/registers may import ids'],
  [
    'the state imports no other shelf',
    'engine/state/a.ts',
    `import '../sync/outbox/outbox-sender.ts';`,
    'engine/state may import nothing here',
  ],
  [
    'a new shelf needs a place in the plan',
    'engine/tools/a.ts',
    `import '../state/account-state.ts';`,
    'a shelf that the plan does not know',
  ],
  ['rules of submit stay out of the feed', 'server/feed/a.ts', `import '../core.ts';`, 'server/feed may import'],
  ['no room imports a barrel', 'server/a.ts', `import { hello } from '../protocol/index.ts';`, 'import the file that is meant'],
  ['not even the own one', 'server/a.ts', `import './index.ts';`, 'import the file that is meant'],
  ['no room uses the front door', 'client/a.ts', `import '../index.ts';`, 'import the file that is meant'],
  ['comlink stays in bridge', 'worker/a.ts', `import * as Comlink from 'comlink';`, 'comlink, which stays in bridge'],
  ['idb-keyval stays in the outbox', 'worker/a.ts', `import { get } from 'idb-keyval';`, 'idb-keyval, which stays in outbox'],
  ['rxjs stays above the model', 'model/a.ts', `import type { Observable } from 'rxjs';`, 'rxjs, which stays in'],
  ['drivers stay with the server', 'worker/a.ts', `const { WebSocket } = await import('ws');`, 'ws, which stays in server'],
  ['valibot checks the wire alone', 'client/a.ts', `import * as v from 'valibot';`, 'valibot, which stays in protocol'],
  ['no Node in the browser', 'worker/a.ts', `import { readFile } from 'node:fs';`, 'node:fs, which stays in server'],
  ['a new library needs a room', 'client/a.ts', `import lodash from 'lodash';`, 'a library that has no room'],
  [
    'a new room needs a place in the plan',
    'helpers/a.ts',
    `import '../model/ids.ts'; import '../store/store.ts';`,
    'a room that the plan does not know',
  ],
  ['nothing outside src', 'client/a.ts', `import '../../test/support/clock.ts';`, 'outside src'],
  ['imports name what is there', 'client/a.ts', `import './gone.ts';`, 'which is not there'],
  ['imports are known before run time', 'client/a.ts', 'export const load = (name: string) => import(name);', 'what only run time knows'],
])('forbids: %s', (_name, path, text, why) => {
  expect(breaches(house({ [path]: text })).join('\n')).toContain(why);
});

it('a room’s transitive imports are found, without type imports', () => {
  const journal = (text: string) => house({ 'engine/a.ts': `import { read } from '../log/log-record.ts';`, 'log/log-record.ts': text });
  expect(breaches(journal(`import type { Table } from 'valibot';`)).filter((one) => one.includes('loads'))).toEqual([]);
  expect(breaches(journal(`import { type Table, object } from 'valibot';`))).toContain(
    'src/engine/a.ts loads valibot by way of src/log/log-record.ts',
  );
  const page = house({
    'client/a.ts': `import { b } from '../bridge/b.ts';`,
    'bridge/b.ts': `import { wrap } from 'comlink'; import '../model/big.ts';`,
  });
  expect(breaches(new Map([...page, ['src/model/big.ts', '']]))).toEqual([]);
  const heavy = breaches(new Map([...page, ['src/model/big.ts', `import 'valibot';`]]));
  expect(heavy).toContain('src/client/a.ts loads valibot by way of src/model/big.ts');
});

it('import loops of any length are refused', () => {
  expect(breaches(house({ 'store/a.ts': `import './a.ts';` }))).toEqual(['a loop: src/store/a.ts → src/store/a.ts']);
  const ring = {
    'store/a.ts': `import './b.ts';`,
    'store/b.ts': `export * from './c.ts';`,
    'store/c.ts': `import type { A } from './a.ts';`,
  };
  expect(breaches(house(ring))).toEqual(['a loop: src/store/a.ts → src/store/b.ts → src/store/c.ts → src/store/a.ts']);
});

const MAP = readFileSync(join(root, 'src/README.md'), 'utf8');

/** The cells of the rows of the table under a heading of the map. */
const tableUnder = (heading: string): string[][] =>
  MAP.split(/^#+ /m)
    .find((section) => section.startsWith(`${heading}\n`))!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1));

const namesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

it('the table of rooms in src/README.md is the plan', () => {
  const rooms = tableUnder('The rooms').map(([room, , imports]) => [
    namesIn(room!)[0]!.replace(/\/$|\.ts$/, ''),
    imports!
      .replace(/\(.*?\)/g, '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .sort(),
  ]);
  expect(Object.fromEntries(rooms)).toEqual(Object.fromEntries(Object.entries(ARROWS).map(([room, arrows]) => [room, [...arrows].sort()])));
});

it.each(['model', 'engine', 'client', 'server'])('the table of shelves in src/README.md names every folder and file of src/%s', (room) => {
  const named = tableUnder(`The shelves of the ${room}`).flatMap(([shelf]) => namesIn(shelf!));
  const folders = Object.keys(SHELVES[room]!).filter((shelf) => statSync(join(root, 'src', room, shelf), { throwIfNoEntry: false }));
  const files = readdirSync(join(root, 'src', room)).filter((file) => file.endsWith('.ts') && file !== 'index.ts');
  expect(named.filter((name) => !name.includes('store/')).sort()).toEqual(
    [...folders.filter((folder) => !folder.startsWith('store')).map((folder) => `${folder}/`), ...files].sort(),
  );
});

it('every file and folder that src/README.md names exists', () => {
  // A journey names the files of a crossed room by their paths inside this room.
  const places = ['', 'src', 'src/model', 'src/engine', 'src/client', 'src/server'];
  const names = namesIn(MAP.replace(/```[^`]*```/g, '')).filter((name) => /^[\w./-]+(\/|\.ts|\.md)$/.test(name));
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter((name) => !places.some((place) => existsSync(join(root, place, name))))).toEqual([]);
});

it('forbids a file of more than 300 lines', () => {
  const lines = (count: number): string => '\n'.repeat(count);
  expect(MAX_LINES).toBe(300);
  expect(breaches(house({ 'store/a.ts': lines(MAX_LINES) }))).toEqual([]);
  expect(breaches(house({ 'store/a.ts': lines(MAX_LINES + 1) }))).toEqual([
    'src/store/a.ts has 301 lines, more than 300: split it by reason',
  ]);
});
