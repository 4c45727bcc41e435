/** The notices that all servers of a store read, over every server store. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { NoticeRecord } from '../../src/server/store/records.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';

export const describeNotices = (open: () => ServerStore, copyOf: (store: ServerStore) => Promise<ServerStore>): void => {
  describe('notices', () => {
    let store: ServerStore;
    let before: number;
    const put = (kind: NoticeRecord['kind'], value: string, at: number, forgetBefore = 0): Promise<void> =>
      store.tx('notice', async (tx) => {
        await tx.lockNotices();
        await tx.putNotice({ kind, value, at }, forgetBefore);
      });
    const after = (number: number, from = store): Promise<readonly NoticeRecord[]> => from.read('notices', (tx) => tx.notices(number));
    const values = async (): Promise<string[]> => (await after(before)).map(({ value }) => value);
    beforeEach(async () => {
      store = open();
      before = (await after(0)).at(-1)?.number ?? 0;
    });

    it('a reader gets the notices behind the last one that it knows, also at the same moment and from a copy of the store', async () => {
      await Promise.all(['ann', 'ben', 'cat'].map((userId) => put('revoke', userId, 5)));
      await put('policy', '{}', 6);
      const all = await after(before);
      expect(all.map(({ number }) => number - before)).toEqual([1, 2, 3, 4]);
      expect(all.map(({ value }) => value).sort()).toEqual(['ann', 'ben', 'cat', '{}']);
      expect(all.at(-1)).toEqual({ number: before + 4, kind: 'policy', value: '{}', at: 6 });
      expect(await after(before + 2)).toEqual(all.slice(2));
      const copy = await copyOf(store);
      expect(await after(before, copy)).toEqual(all);
      await copy.close();
    });

    it('a policy replaces the earlier one, old revocations go, and no number comes twice', async () => {
      await put('policy', 'first', 10);
      await put('revoke', 'old', 10);
      await put('revoke', 'young', 20);
      await put('policy', 'second', 21, 15);
      expect(await values()).toEqual(['young', 'second']);
      await put('revoke', 'last', 30, 30);
      await put('revoke', 'next', 40, 40);
      expect(await values()).toEqual(['second', 'next']);
      expect((await after(before)).map(({ number }) => number - before)).toEqual([4, 6]);
    });

    it('a notice of a failed transaction is not there', async () => {
      const failed = store.tx('notice', async (tx) => {
        await tx.lockNotices();
        await tx.putNotice({ kind: 'policy', value: 'lost', at: 1 }, 0);
        throw new Error('the host has changed its mind');
      });
      await expect(failed).rejects.toThrow('changed its mind');
      expect(await values()).not.toContain('lost');
    });
  });
};
