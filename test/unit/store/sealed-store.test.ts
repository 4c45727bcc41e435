import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { LOST_TEXT } from '../../../src/model/message/lost-text.ts';
import { browserClock } from '../../../src/platform/browser-ports.ts';
import type { StorePort, StoreTx } from '../../../src/ports/ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { sealTexts } from '../../../src/store/sealed-store.ts';
import { FakeCipher } from '../../../src/testing/fake-cipher.ts';
import { slowCipher } from '../../support/slow-cipher.ts';
import { TestClock } from '../../support/test-clock.ts';

const ALL = ['meta', 'log', 'pages', 'indexes'] as const;
const head = (version: number) => ({ schema: 1, generation: 'g', version, compactedUpTo: 0, fence: 0 });
const row = (body: string, seq = 1): string => JSON.stringify({ version: seq, body, unread: seq });

const write = <T>(store: StorePort, body: (tx: StoreTx) => Promise<T>): Promise<T> => store.tx('test', ALL, 'readwrite', 'strict', body);
const log = (store: StorePort): Promise<unknown[]> =>
  store.tx('look', ['log'], 'readonly', 'relaxed', (tx) => tx.range('log', { from: 0, upTo: 1e6 }));
/** All that the disk holds, as text. */
const rawText = (disk: MemoryDisk): string =>
  JSON.stringify(
    [...disk.tables].map(([, rows]) => [...rows.values()]),
    (_, value: unknown) => (value instanceof Uint8Array ? 'sealed' : value),
  );

describe('a store with encrypted texts', () => {
  it('holds no text of a message or of a receipt in the clear, and gives all of them back (F139)', async () => {
    const disk = new MemoryDisk();
    const store = await sealTexts(createMemoryStore(disk), new FakeCipher(), new TestClock(), true);
    const rows = [
      '{"version":1,"changes":[{"t":"enqueue","entry":{"message":{"id":"m","body":"\\"secret \\\\\\" \\\\u0001 quote\\""}}}]}',
      '["\\"secret one\\"","\\"secret, two\\""]',
      '{"version":2,"contents":[{"id":"m","text":"secret ack"}],"readers":[{"by":"ann","content":"secret answer"}]}',
      '{"version":3,"body":""}',
    ];
    await write(store, async (tx) => tx.putMany('log', [1, 1.5, 2, 3], rows));
    await write(store, async (tx) => tx.put('pages', ['direct:ann', 0], '[{"id":"m1","body":"\\"secret page\\""}]'));
    await write(store, async (tx) => tx.put('meta', 'snapshot', '{"newest":{"id":"m1","body":"\\"secret snapshot\\""}}'));
    expect(rawText(disk)).not.toContain('secret');
    expect(rawText(disk)).toContain('direct:ann');
    expect(await log(store)).toEqual(rows);
    expect(await store.tx('look', ['pages'], 'readonly', 'relaxed', (tx) => tx.get('pages', ['direct:ann', 0]))).toContain('secret page');
  });

  it('leaves the first paint without last messages, because the page reads it without a key', async () => {
    const disk = new MemoryDisk();
    const store = await sealTexts(createMemoryStore(disk), new FakeCipher(), new TestClock(), true);
    await write(store, async (tx) =>
      tx.put('meta', 'paint', { totals: {}, conversations: [{ id: 'direct:ann', lastMessage: { body: 'secret' } }] }),
    );
    expect(rawText(disk)).not.toContain('secret');
    expect(rawText(disk)).toContain('direct:ann');
  });

  it('keeps a transaction of IndexedDB alive until a slow cipher answers, in the order of its writes (F139)', async () => {
    const disk = await openDiskStore('slow', { clock: browserClock });
    const store = await sealTexts(disk, slowCipher(), browserClock, true);
    const seen = await write(store, async (tx) => {
      tx.put('log', 1, row('one'));
      tx.put('meta', 'head', head(1));
      tx.put('log', 1, row('two'));
      const own = await tx.get('log', 1);
      tx.delete('log', 1);
      tx.put('log', 2, row('three', 2));
      tx.put('log', 3, row('four', 3));
      tx.deleteRange('log', { from: 3, upTo: 3 });
      return [own, await tx.get('log', 1)];
    });
    expect(seen).toEqual([row('two'), undefined]);
    expect(await log(store)).toEqual([row('three', 2)]);
  });

  it('a transaction that fails while its texts are encrypted writes nothing (F139)', async () => {
    for (const inner of [createMemoryStore(), await openDiskStore('failing', { clock: browserClock })]) {
      const store = await sealTexts(inner, inner.durability === 'volatile' ? new FakeCipher() : slowCipher(), browserClock, true);
      const failing = write(store, async (tx) => {
        tx.put('log', 1, row('one'));
        tx.put('meta', 'head', head(1));
        throw new Error('on purpose');
      });
      await expect(failing).rejects.toThrow('on purpose');
      await new Promise((resolve) => void setTimeout(resolve, 30));
      expect(await log(store)).toEqual([]);
    }
  });

  it('a tab without encryption reads what another tab encrypts meanwhile', async () => {
    const disk = new MemoryDisk();
    const plain = await sealTexts(createMemoryStore(disk), new FakeCipher(), new TestClock(), false);
    const sealing = await sealTexts(createMemoryStore(disk), new FakeCipher(), new TestClock(), true);
    await write(sealing, async (tx) => tx.put('log', 1, row('one')));
    await write(plain, async (tx) => tx.put('log', 2, row('two', 2)));
    expect(await log(plain)).toEqual([row('one'), row('two', 2)]);
    expect(await log(sealing)).toEqual([row('one'), row('two', 2)]);
  });

  it('a tab that found no key for an older row reads what another tab encrypts with a new key (F139)', async () => {
    const disk = new MemoryDisk();
    const open = (name: string, wanted: boolean) => sealTexts(createMemoryStore(disk), new FakeCipher(name), new TestClock(), wanted);
    await write(await open('old', true), async (tx) => tx.put('log', 1, row('one')));
    await write(createMemoryStore(disk), async (tx) => tx.delete('meta', 'cipher'));
    const plain = await open('none', false);
    expect(await log(plain)).toEqual([row(LOST_TEXT)]);
    await write(await open('new', true), async (tx) => tx.put('log', 2, row('two', 2)));
    expect((await log(plain))[1]).toBe(row('two', 2));
  });

  it('a host without a page that began before a page switched encryption on encrypts too, and switches nothing off (F139)', async () => {
    const disk = new MemoryDisk();
    const clock = new TestClock();
    const open = (wanted?: boolean) => sealTexts(createMemoryStore(disk), new FakeCipher(), clock, wanted);
    const host = await open();
    const page = await open(true);
    await clock.pass(10_000);
    await write(host, async (tx) => tx.put('log', 1, row('secret')));
    expect(rawText(disk)).not.toContain('secret');
    expect(await log(page)).toEqual([row('secret')]);
    expect(await (await open()).encryption()).toMatchObject({ on: true });
  });

  it('a page without encryption that was open before encrypts too, once another page has switched encryption on (F139)', async () => {
    const disk = new MemoryDisk();
    const clock = new TestClock();
    const before = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, false);
    await write(before, async (tx) => tx.put('log', 1, row('secret 1')));
    await write(before, async (tx) => tx.put('meta', 'head', head(2)));
    const page = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, true);
    await clock.pass(10_000);
    expect(await page.encryption()).toEqual({ on: true, waiting: 0 });
    await write(before, async (tx) => tx.put('log', 2, row('secret 2', 2)));
    await write(before, async (tx) =>
      tx.put('meta', 'paint', { totals: {}, conversations: [{ id: 'x', lastMessage: { body: 'secret' } }] }),
    );
    expect(rawText(disk)).not.toContain('secret');
    expect(await log(before)).toEqual([row('secret 1'), row('secret 2', 2)]);
    expect(await before.encryption()).toEqual({ on: true, waiting: 0 });
  });

  it('a page without encryption switches off what an earlier page has switched on, and not what a later page has (F139)', async () => {
    const disk = new MemoryDisk();
    const clock = new TestClock();
    const open = (wanted: boolean) => sealTexts(createMemoryStore(disk), new FakeCipher(), clock, wanted);
    await open(true);
    const off = await open(false);
    expect(await off.encryption()).toMatchObject({ on: false });
    const on = await open(true);
    await clock.pass(10_000);
    await write(off, async (tx) => tx.put('log', 1, row('secret')));
    expect(rawText(disk)).not.toContain('secret');
    expect(await on.encryption()).toEqual({ on: true, waiting: 0 });
  });

  it('an open transaction of IndexedDB learns of the switch before its first row (F139)', async () => {
    const open = async (wanted: boolean) =>
      sealTexts(await openDiskStore('switched', { clock: browserClock }), slowCipher(), browserClock, wanted);
    const before = await open(false);
    const page = await open(true);
    await write(before, async (tx) => {
      tx.put('meta', 'head', head(1));
      tx.put('log', 1, row('secret'));
      expect(await tx.get('log', 1)).toBe(row('secret'));
    });
    const raw = await openDiskStore('switched', { clock: browserClock });
    expect(JSON.stringify(await log(raw))).not.toContain('secret');
    expect(await log(page)).toEqual([row('secret')]);
  });

  it.each(['empty', 'of another key'])(
    'a store that lost its key while a page runs, and is %s now, keeps the key of the next row (F139)',
    async (now) => {
      const disk = new MemoryDisk();
      const open = (name: string) => sealTexts(createMemoryStore(disk), new FakeCipher(name), new TestClock(), true);
      const first = await open('first');
      await write(createMemoryStore(disk), async (tx) => tx.delete('meta', 'cipher'));
      if (now === 'of another key') await open('second');
      await write(first, async (tx) => tx.put('log', 1, row('one')));
      expect(await log(await open('third'))).toEqual([row('one')]);
      expect(await log(first)).toEqual([row('one')]);
    },
  );

  it('a host without a page goes on as the last page said', async () => {
    const disk = new MemoryDisk();
    const open = (wanted?: boolean) => sealTexts(createMemoryStore(disk), new FakeCipher(), new TestClock(), wanted);
    expect(await (await open()).encryption()).toMatchObject({ on: false });
    await open(true);
    expect(await (await open()).encryption()).toMatchObject({ on: true });
  });
});

describe('switching encryption on and off', () => {
  const filled = async (): Promise<MemoryDisk> => {
    const disk = new MemoryDisk();
    await write(createMemoryStore(disk), async (tx) => {
      tx.put('meta', 'head', head(40));
      for (let v = 1; v <= 40; v++) tx.put('log', v, row(`secret ${v}`, v));
      tx.put('log', 1.5, '["\\"secret body\\""]');
      tx.put('pages', ['direct:ann', 0], '[{"id":"m1","seq":1,"body":"\\"secret page\\""}]');
      tx.put('indexes', ['direct:ann', 0], { conversationId: 'direct:ann', page: 0, bytes: 1, lines: 'm1' });
      tx.put('meta', 'snapshot', '{"body":"secret snapshot"}');
    });
    return disk;
  };
  const settle = (clock: TestClock): Promise<void> => clock.pass(10_000);

  it('rewrites all rows in the background, tells how many wait, and loses nothing, in both directions (F139)', async () => {
    const disk = await filled();
    const before = rawText(disk);
    const clock = new TestClock();
    const sealed = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, true);
    expect(await sealed.encryption()).toMatchObject({ on: true, waiting: 43 });
    await settle(clock);
    expect(await sealed.encryption()).toMatchObject({ on: true, waiting: 0 });
    expect(rawText(disk)).not.toContain('secret');
    sealed.close();
    const plain = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, false);
    await settle(clock);
    expect(await plain.encryption()).toMatchObject({ on: false, waiting: 0 });
    await write(plain, async (tx) => tx.delete('meta', 'cipher'));
    expect(rawText(disk)).toBe(before);
  });

  it('a stop after any slice is continued at the next start', async () => {
    const disk = await filled();
    for (let slices = 0; slices < 6; slices++) {
      const clock = new TestClock();
      const store = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, true);
      await clock.pass(2000 + 20 * slices);
      store.close();
      expect(await log(await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, true))).toHaveLength(41);
    }
    const clock = new TestClock();
    const store = await sealTexts(createMemoryStore(disk), new FakeCipher(), clock, true);
    await settle(clock);
    expect(await store.encryption()).toMatchObject({ waiting: 0 });
    expect(rawText(disk)).not.toContain('secret');
  });

  /** A store whose rows are encrypted with a key that is gone. */
  const withoutKey = async (): Promise<StorePort> => {
    const disk = await filled();
    const clock = new TestClock();
    await sealTexts(createMemoryStore(disk), new FakeCipher('old'), clock, true);
    await settle(clock);
    await write(createMemoryStore(disk), async (tx) => tx.delete('meta', 'cipher'));
    return sealTexts(createMemoryStore(disk), new FakeCipher('new'), clock, true);
  };

  it('without its key, a page counts as missing, and every other text is a lost one; the rest stays readable', async () => {
    const store = await withoutKey();
    const rows = (await log(store)) as string[];
    expect(JSON.parse(rows[0]!)).toEqual({ version: 1, body: LOST_TEXT, unread: 1 });
    expect(rows[1]).toBe('[]');
    expect(await store.tx('look', ['pages'], 'readonly', 'relaxed', (tx) => tx.get('pages', ['direct:ann', 0]))).toBeUndefined();
  });

  it('a lost text stays a lost text when its row is encrypted again as it was read (F139)', async () => {
    const store = await withoutKey();
    await write(store, async (tx) => tx.put('log', 1, await tx.get('log', 1)));
    expect(JSON.parse(((await log(store)) as string[])[0]!)).toMatchObject({ body: LOST_TEXT });
  });
});
