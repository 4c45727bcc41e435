/** The rules of every store: one suite for the store over IndexedDB and the store in memory. */
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { StorePort } from '../../src/ports/ports.ts';

const ALL = ['meta', 'log', 'pages'] as const;

export const storeContract = (name: string, open: () => Promise<StorePort>): void => {
  describe(`store contract: ${name}`, () => {
    let store: StorePort;
    beforeEach(async () => {
      store = await open();
    });

    const put = (key: string, record: unknown) =>
      store.tx('put', ['meta'], 'readwrite', 'strict', async (tx) => tx.put('meta', key, record));
    const get = (key: string) => store.tx('get', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', key));

    it('a record that was put is read as a copy', async () => {
      const record = { list: [1, 2], text: 'a' };
      await put('a', record);
      record.list.push(3);
      expect(await get('a')).toEqual({ list: [1, 2], text: 'a' });
      expect(await get('b')).toBeUndefined();
    });

    it('a transaction sees its own writes', async () => {
      const seen = await store.tx('own', ['meta'], 'readwrite', 'strict', async (tx) => {
        tx.put('meta', 'a', 1);
        return tx.get('meta', 'a');
      });
      expect(seen).toBe(1);
    });

    it('a transaction survives a thousand awaits between two requests, as a group commit may need', async () => {
      const seen = await store.tx('patient', ['meta'], 'readwrite', 'strict', async (tx) => {
        await tx.get('meta', 'a');
        for (let i = 0; i < 1000; i++) await (async () => undefined)();
        tx.put('meta', 'a', 1);
        return tx.get('meta', 'a');
      });
      expect(seen).toBe(1);
      expect(await get('a')).toBe(1);
    });

    it('a range is ordered by key: numbers by value, arrays by their parts', async () => {
      await store.tx('fill', ALL, 'readwrite', 'relaxed', (tx) => {
        for (const version of [10, 9, 2]) tx.put('log', version, version);
        tx.putMany(
          'pages',
          [
            ['direct:b', 0],
            ['direct:a', 10],
            ['direct:a', 2],
          ],
          ['b0', 'a10', 'a2'],
        );
        return Promise.resolve();
      });
      const [log, pages, many] = await store.tx('read', ALL, 'readonly', 'relaxed', (tx) =>
        Promise.all([
          tx.range('log', { from: 3, upTo: 10 }),
          tx.range('pages', { from: ['direct:a', 0], upTo: ['direct:a', 99] }),
          tx.getMany('pages', [
            ['direct:b', 0],
            ['direct:c', 0],
            ['direct:a', 2],
          ]),
        ]),
      );
      expect(log).toEqual([9, 10]);
      expect(pages).toEqual(['a2', 'a10']);
      expect(many).toEqual(['b0', undefined, 'a2']);
    });

    it('records are deleted by key and by range', async () => {
      await store.tx('fill', ['log'], 'readwrite', 'relaxed', (tx) => {
        for (let version = 1; version <= 5; version++) tx.put('log', version, version);
        tx.deleteRange('log', { from: 2, upTo: 3 });
        tx.delete('log', 5);
        return Promise.resolve();
      });
      const left = await store.tx('read', ['log'], 'readonly', 'relaxed', (tx) => tx.range('log', { from: 0, upTo: 9 }));
      expect(left).toEqual([1, 4]);
    });

    it('a transaction whose body fails is undone as a whole (I-18)', async () => {
      await put('a', 1);
      const failing = store.tx('fails', ['meta'], 'readwrite', 'strict', async (tx) => {
        tx.put('meta', 'a', 2);
        tx.put('meta', 'b', 2);
        await tx.get('meta', 'a');
        throw new RangeError('no');
      });
      await expect(failing).rejects.toThrow(RangeError);
      expect([await get('a'), await get('b')]).toEqual([1, undefined]);
    });

    it('a transaction with a value that cannot be stored is undone as a whole (F18)', async () => {
      await put('a', 1);
      const failing = store.tx('clone', ['meta'], 'readwrite', 'strict', (tx) => {
        tx.put('meta', 'a', 2);
        tx.put('meta', 'b', { not: () => 'cloneable' });
        return Promise.resolve();
      });
      await expect(failing).rejects.toThrow();
      expect([await get('a'), await get('b')]).toEqual([1, undefined]);
    });

    it('writers of one table run one after the other (F22)', async () => {
      await put('n', 0);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store.tx('add', ['meta'], 'readwrite', 'relaxed', async (tx) => tx.put('meta', 'n', ((await tx.get('meta', 'n')) as number) + 1)),
        ),
      );
      expect(await get('n')).toBe(20);
    });

    it('after close, every call rejects with store/closed', async () => {
      store.close();
      await expect(get('a')).rejects.toMatchObject({ code: 'store/closed' });
      await expect(get('a')).rejects.toBeInstanceOf(StoreError);
    });
  });
};
