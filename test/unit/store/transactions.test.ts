/** Our transactions in cases of silent faults of IndexedDB transactions. */
import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { browserClock } from '../../../src/platform/browser-ports.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import type { Layout } from '../../../src/store/migrations.ts';
import { LOG_HEADER_KEY, SCHEMA, TABLES } from '../../../src/log/tables.ts';
import { FaultyIdb } from '../../support/faulty-idb.ts';

let databases = 0;
const open = (name: string, layout?: Layout) => openDiskStore(name, { clock: browserClock, ...(layout ? { layout } : {}) });

const read = (store: StorePort, keys: readonly string[]): Promise<unknown[]> =>
  store.tx('read', ['meta'], 'readonly', 'relaxed', (tx) => tx.getMany('meta', keys));

describe('a transaction over IndexedDB', () => {
  it('a transaction whose body waits for another promise is refused, and its later writes are not stored (F03)', async () => {
    const name = `transactions-${++databases}`;
    const [store, other] = [await open(name), await open(name)];
    const late = store.tx('late', ['meta'], 'readwrite', 'strict', async (tx) => {
      tx.put('meta', 'one', 1);
      // The database ends the transaction, which has no request left, and begins the next one.
      await read(other, ['one']);
      tx.put('meta', 'two', 2);
    });
    await expect(late).rejects.toThrow(TypeError);
    expect((await read(store, ['two']))[0]).toBeUndefined();
    store.close();
    other.close();
  });

  // WebKit leaves such a transaction unfinished for ever if its worker ends after the close, and the next
  // opening of the database waits for this transaction.
  it('a transaction under way at the close of its store ends before the connection is closed (F28)', async () => {
    const store = await open(`transactions-${++databases}`);
    const order: string[] = [];
    const close = vi.spyOn(IDBDatabase.prototype, 'close').mockImplementation(() => void order.push('closed'));
    try {
      const running = store.tx('long', ['meta'], 'readwrite', 'strict', async (tx) => {
        await tx.get('meta', 'a');
        store.close();
        await tx.get('meta', 'b');
        order.push('runs');
      });
      await running;
      expect(order).toEqual(['runs', 'closed']);
      await expect(read(store, ['a'])).rejects.toMatchObject({ code: 'store/closed' });
    } finally {
      close.mockRestore();
    }
  });

  it('a transaction without room at its commit is refused as full at once, and leaves nothing (F04)', async () => {
    const idb = new FaultyIdb(indexedDB);
    const store = await openDiskStore(`transactions-${++databases}`, { clock: browserClock, factory: idb.factory });
    idb.plan({ at: 'commit', says: 'QuotaExceededError', times: Infinity });
    const put = () =>
      store.tx('put', ['meta'], 'readwrite', 'strict', async (tx) => {
        tx.putMany('meta', ['one', 'two'], [1, 2]);
        return tx.get('meta', 'one');
      });
    await expect(put()).rejects.toMatchObject({ code: 'store/quota-exceeded' });
    // No other connection finds more room.
    expect(idb.struck.commit).toBe(1);
    expect(await read(store, ['one', 'two'])).toEqual([undefined, undefined]);
    idb.clear();
    expect(await put()).toBe(1);
    store.close();
  });
});

describe('a migration', () => {
  it('a migration interrupted at any of its writes leaves the old database unchanged, and the next one succeeds (F10)', async () => {
    const name = `transactions-${++databases}`;
    const before = await open(name);
    const head = { schema: SCHEMA, generation: 'g', version: 0, compactedUpTo: 0, fence: 0 };
    await before.tx('fill', ['meta'], 'readwrite', 'strict', (tx) => {
      tx.putMany('meta', [LOG_HEADER_KEY, 'a', 'b', 'c'], [head, 1, 2, 3]);
      return Promise.resolve();
    });
    before.close();
    const upTo = (writes: number): Layout => ({
      schema: SCHEMA + 1,
      tables: TABLES,
      migrations: [
        {
          to: SCHEMA + 1,
          run: async (tx) => {
            for (const [i, key] of ['a', 'b', 'c'].entries()) {
              if (i === writes) throw new Error('killed');
              tx.put('meta', key, 10 * ((await tx.get('meta', key)) as number));
            }
          },
        },
      ],
    });
    for (const writes of [0, 1, 2]) {
      await expect(open(name, upTo(writes))).rejects.toThrow();
      const old = await open(name);
      expect(await read(old, [LOG_HEADER_KEY, 'a', 'b', 'c'])).toEqual([head, 1, 2, 3]);
      old.close();
    }
    const after = await open(name, upTo(3));
    expect(await read(after, [LOG_HEADER_KEY, 'a', 'b', 'c'])).toEqual([{ ...head, schema: SCHEMA + 1 }, 10, 20, 30]);
    after.close();
  });
});
