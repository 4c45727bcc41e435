/** Every store returns every text unchanged, code point for code point. Two ids are the same id only if their code points are the same. */
import 'fake-indexeddb/auto';
import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserClock } from '../../src/platform/browser-ports.ts';
import { ID_RULE, isConversationId, isId, requireConversationId, requireId } from '../../src/model/ids.ts';
import { bodyText, parseBody } from '../../src/model/message/message.ts';
import { requireContent } from '../../src/model/message/receipt.ts';
import { databaseName, databasePrefix } from '../../src/model/storage-name.ts';
import type { StorePort } from '../../src/ports/ports.ts';
import { createMemoryStore as createServerStore } from '../../src/server/store/memory/memory-store.ts';
import { listMembers } from '../../src/server/feed/questions.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { pgliteDriver } from '../../src/server/store/sql/pglite.ts';
import { openSqlStore } from '../../src/server/store/sql/sql-store.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import type { KeptMessage } from '../../src/log/log-record.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { readAllIndexes, readIndex, readPages, writePages } from '../../src/log/pages.ts';
import { GroupBench, groupMessage, groupReceipts, groupRecall } from '../contract/groups.ts';

/** Texts known to be changed by decoders, databases and line formats. The test draws these texts more often than by chance. */
const ODD = [
  ...[
    '\ufeff',
    '\ufffe',
    '\uffff',
    '\ufffd',
    '\u200b',
    '\u200d',
    '\u202e',
    '\u2066',
    '\u2028',
    '\u00ad',
    '\u0085',
    '\u001f',
    '\t',
    '\n',
    '\r',
  ],
  ...[
    'e\u0301',
    'é',
    '\u{1f468}\u200d\u{1f469}',
    '\u{10ffff}',
    '\ue000',
    '\\',
    '\\u0000',
    '"',
    "'",
    '%',
    '$1',
    '=',
    ' ',
    '',
    '{',
    '[',
    'ß',
    'İ',
  ],
];
const piece = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary', maxLength: 4 }));
const anyText = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(''))
  .filter((text) => !text.includes('\0') && !/\p{Cs}/u.test(text));
const anyId = anyText.filter(isId);

describe('F110: the stores of the server', () => {
  let sql: ServerStore;
  beforeAll(async () => {
    sql = await openSqlStore(pgliteDriver(await PGlite.create()));
  }, 120_000);
  afterAll(() => sql.close());
  const stores: readonly (readonly [string, () => ServerStore])[] = [
    ['memory', createServerStore],
    ['PGlite', () => sql],
  ];

  let round = 0;
  it.each(stores)(
    'the %s store of the server returns bodies, receipt texts and ids unchanged (F110)',
    { timeout: 120_000 },
    async (_name, open) => {
      const bench = new GroupBench(open());
      await fc.assert(
        fc.asyncProperty(anyText, anyText, fc.uniqueArray(anyId, { minLength: 4, maxLength: 4 }), async (body, content, ids) => {
          // These ids are used in this round only.
          const [ann, ben, group, message] = ids.map((id) => `${++round}${id.slice(0, 20)}`.replace(/\p{Cs}/u, '')) as [
            string,
            string,
            string,
            string,
          ];
          const before = await bench.cursor(ben);
          await bench.members(group, { [ann]: 'member', [ben]: 'member' });
          const annsBefore = await bench.cursor(ann);
          const [sent] = await bench.submit(ann, groupMessage(group, message, { body }));
          expect(sent).toMatchObject({ outcome: 'confirmed', message: { seq: 1 }, row: { conversationId: `group:${group}` } });
          // The server confirms a repeated message only if the stored body is the same.
          expect(await bench.submit(ann, groupMessage(group, message, { body }))).toMatchObject([
            { outcome: 'confirmed', message: { seq: 1 } },
          ]);

          const wire = { id: message, senderId: ann, body, recalled: false };
          expect(await bench.fetch(ben, group)).toMatchObject([wire]);
          const told = (await bench.pull(ben, before)).flatMap(({ messages }) => messages);
          expect(told).toMatchObject([{ conversationId: `group:${group}`, messages: [wire] }]);

          await bench.submit(ben, groupReceipts(group, { namedIds: [message], contents: [{ id: message, text: content }] }));
          const receipts = (await bench.pull(ann, annsBefore, 'all')).flatMap((frame) => frame.receipts);
          expect(receipts).toMatchObject([{ id: message, readers: [{ by: ben, content }], readCount: 1 }]);
          const asked = { messageId: message, filter: 'read' as const, limit: 10 };
          const page = await bench.store.read('members', (tx) => listMembers(tx, bench.viewer(ann), asked, null));
          expect(page.members).toEqual([{ userId: ben, readAt: expect.any(Number) as number, content }]);

          // A recall reads the row and writes the row back, so no column may change on the way.
          expect(await bench.submit(ann, groupRecall(group, message))).toMatchObject([{ outcome: 'confirmed' }]);
          expect(await bench.fetch(ben, group)).toMatchObject([{ id: message, senderId: ann, body: '', recalled: true }]);
        }),
        { numRuns: 60, interruptAfterTimeLimit: 25_000, examples: [['\ufeff\ufeff=x', '\ufeff=', ['a', 'b', 'c', 'd']]] },
      );
    },
  );
});

describe('F110: the stores of the device', () => {
  let made = 0;
  const stores: readonly (readonly [string, () => Promise<StorePort>])[] = [
    ['memory', async () => createMemoryStore()],
    ['disk', () => openDiskStore(`texts-${++made}`, { clock: browserClock })],
  ];
  it.each(stores)(
    'the %s store of the device returns records, pages and indexes unchanged (F110)',
    { timeout: 60_000 },
    async (_name, open) => {
      const store = await open();
      await fc.assert(
        fc.asyncProperty(anyText, fc.uniqueArray(anyId, { minLength: 3, maxLength: 3 }), async (text, ids) => {
          const [group, id, senderId] = ids as [string, string, string];
          const conversationId = `group:${group}` as const;
          const message: KeptMessage = {
            ...{ id, seq: 1, senderId, sentAt: 1, body: text },
            ...{ receiptRequested: true, countable: true, recalled: false },
          };
          await store.tx('write', ['meta', 'log', 'pages', 'indexes'], 'readwrite', 'relaxed', async (tx) => {
            for (const table of ['pages', 'indexes'] as const) tx.deleteRange(table, { from: ['', 0], upTo: ['\uffff', 0] });
            tx.put('log', 1, { entry: { id, text } });
            await writePages(tx, [{ conversationId, page: 0, messages: [message], steps: [], counts: [] }]);
          });
          const [record, pages, indexes] = await store.tx('read', ['log', 'pages', 'indexes'], 'readonly', 'relaxed', (tx) =>
            Promise.all([tx.get('log', 1), readPages(tx, conversationId, [[1, 1]]), readAllIndexes(tx)]),
          );
          expect(record).toEqual({ entry: { id, text } });
          expect(pages).toEqual([message]);
          expect(indexes.map((index) => [index.conversationId, readIndex(index).map(([of]) => of)])).toEqual([[conversationId, [id]]]);
        }),
        { numRuns: 100 },
      );
      store.close();
    },
  );
});

it('two accounts share one database only if the server and the user id have the same code points (F110)', () => {
  const url = fc.constantFrom(
    'wss://a.example/r',
    'wss://a.example/r:x',
    'wss://a.example/r:',
    'wss://a.example:8443/r',
    'wss://a.example/',
  );
  const id = fc.oneof(anyId, fc.constantFrom('x:bob', 'bob', ':bob', 'x', 'é', 'e\u0301'));
  fc.assert(
    fc.property(url, id, url, id, (urlA, a, urlB, b) => {
      expect(databaseName(urlA, a) === databaseName(urlB, b)).toBe(urlA === urlB && a === b);
      expect(databaseName(urlA, a).startsWith(databasePrefix(urlB))).toBe(urlA === urlB);
    }),
    { numRuns: 2000 },
  );
});

describe('F110: valid ids', () => {
  it.each([
    ['a byte order mark at its start', '\ufeffben', '"U+FEFFben"'],
    ['a byte order mark in it', 'be\ufeffn', '"beU+FEFFn"'],
    ['a control character', 'b\u0085', '"bU+0085"'],
    ['half a surrogate pair', 'b\ud800', '"b\\ud800"'],
    ['nothing', '', '""'],
    ['more than 128 bytes', 'ü'.repeat(65), `"${'ü'.repeat(60)}"`],
    ['a number', 7, '7'],
  ])('an id with %s is refused, and the error names the rule and the value (F110)', (_what, id, seen) => {
    expect(isId(id)).toBe(false);
    expect(isConversationId(`direct:${id}`)).toBe(typeof id === 'number');
    expect(() => requireId(id, 'peer')).toThrow(`peer must be ${ID_RULE}; got ${seen}`);
    if (typeof id === 'string') expect(() => requireConversationId(`group:${id}`, 'me')).toThrow(ID_RULE);
  });

  it.each([
    ['joiners', '\u{1f468}\u200d\u{1f469}'],
    ['zero-width spaces', 'b\u200bn'],
    ['bidi controls', '\u202eneb'],
    ['composed letters', 'é'],
    ['decomposed letters', 'e\u0301'],
    ['spaces around it', ' ben '],
    ['128 bytes', 'ü'.repeat(64)],
  ])('an id with %s is accepted unchanged (F110)', (_what, id) => {
    expect(requireId(id, 'peer')).toBe(id);
  });
});

describe('F110: bodies that JSON would change', () => {
  it('a body is refused, or comes out unchanged (F110)', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSparseArray: true,
      stringUnit: 'binary',
      maxDepth: 3,
    });
    const holdsUndefined = (body: unknown): boolean =>
      typeof body === 'object' && body !== null && Object.values(body).some((item) => item === undefined || holdsUndefined(item));
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(value, fc.jsonValue()), (body) => {
        // By the docstring, these fields are left out.
        fc.pre(!holdsUndefined(body));
        let text: string;
        try {
          text = bodyText(body);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage/invalid-argument' });
          return;
        }
        taken++;
        expect(parseBody(text)).toStrictEqual(body);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(300);
  });

  it.each<[string, unknown, string]>([
    ['-0', { at: [1, { x: -0 }] }, 'body.at[1].x is -0'],
    ['-0 by itself', -0, 'body is -0'],

    ['a hole', { list: [1, , 3] }, 'body.list[1] is a hole'],
    ['a hole at the end', { 'a b': new Array(2) }, 'body.a b[0] is a hole'],
    ['a property of a list', Object.assign([1], { total: 1 }), 'body.total is no item of the list'],
    ['a symbol as a key', { in: { [Symbol('s')]: 1 } }, 'body.in has a symbol for a key'],
    ['undefined in a list', [undefined], 'body[0] is undefined'],
    ['NaN', { a: { 7: Number.NaN } }, 'body.a.7 is NaN'],
  ])('a body with %s is refused, and the error names its path (F110)', (_what, body, named) => {
    expect(() => bodyText(body)).toThrow(named);
  });

  it('bodies and receipt texts may begin with a byte order mark (F110)', () => {
    expect(parseBody(bodyText('\ufeffhi'))).toBe('\ufeffhi');
    expect(requireContent('\ufeffaye')).toBe('\ufeffaye');
  });
});
