/** The rules of transactions that several users share, and a store whose transactions are always shared. */
import { expect, it } from 'vitest';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import type { ServerStore, ServerTx } from '../../src/server/store/server-store.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { pullAll, RULES, rowOf, submit } from './server-store.ts';

const applied =
  (me: string, ...entries: readonly { key: string }[]) =>
  (tx: ServerTx) =>
    applyEntries(tx, { userId: me, deviceId: `${me}-phone` }, readEntries(me, entries), RULES);

let strangers = 0;

/** The store in which every submit and every read shares its transaction with those of two strangers. */
export const amongStrangers = (store: ServerStore): ServerStore => {
  const value = <T>(outcome: PromiseSettledResult<unknown> | undefined): T => {
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    return outcome.value as T;
  };
  return {
    ...store,
    read: async <T>(_name: string, body: Parameters<typeof store.read<T>>[1]): Promise<T> => {
      const other: typeof body = async (tx) => (await tx.changedConversations('stranger-1', { after: 0, upTo: tx.feedEnd }, 5)) as T;
      return value<T>((await store.merged!.read<T>([other, body, other]))[1]);
    },
    tx: async <T>(name: string, body: Parameters<typeof store.tx<T>>[1]): Promise<T> => {
      if (name !== 'submit') return store.tx(name, body);
      const id = ++strangers;
      const first = applied(`stranger-${id}`, messageTo(`friend-${id}`, `stranger-${id}-${Math.random()}`));
      const second = applied(`lurker-${id}`, receiptsTo(`nobody-${id}`, { position: 1 }));
      return value<T>((await store.merged!.tx<unknown>([first, body, second]))[1]);
    },
  };
};

export const describeMerged = (storeOf: () => ServerStore): void => {
  let groups = 0;
  const names = (): readonly [string, string, string] => {
    groups++;
    return [`m-ann-${groups}`, `m-bob-${groups}`, `m-cat-${groups}`];
  };

  it('frames of several users in one transaction have each their own answer (F132)', async () => {
    const [ann, bob, cat] = names();
    const store = storeOf();
    const outcomes = await store.merged!.tx([
      applied(ann, messageTo(`${ann}-peer`, `${ann}-1`), messageTo(`${ann}-peer`, `${ann}-2`)),
      applied(bob, receiptsTo('no-chat', { position: 1 })),
      applied(cat, messageTo(`${cat}-peer`, `${cat}-1`)),
    ]);
    const results = outcomes.map((one) =>
      one.status === 'fulfilled' ? one.value.results.map(({ outcome }) => outcome) : String(one.reason),
    );
    expect(results).toEqual([['confirmed', 'confirmed'], ['rejected'], ['confirmed']]);
    expect(await rowOf(store, ann, `${ann}-peer`)).toMatchObject({ latestSeq: 2 });
    expect(await rowOf(store, `${cat}-peer`, cat)).toMatchObject({ latestSeq: 1, lastMessage: { id: `${cat}-1` } });
  });

  it('the feed tells each user the own part of a shared transaction, and nothing of the others (F132)', async () => {
    const [ann, bob, cat] = names();
    const store = storeOf();
    for (const user of [ann, bob, cat]) await submit(store, user, messageTo(`${user}-peer`, `${user}-0`));
    const before = new Map<string, string>();
    for (const user of [ann, bob]) before.set(user, (await pullAll(store, `${user}-peer`, null))!.at(-1)!.to);
    await store.merged!.tx([ann, bob, cat].map((user) => applied(user, messageTo(`${user}-peer`, `${user}-1`))));
    for (const user of [ann, bob]) {
      const frames = (await pullAll(store, `${user}-peer`, before.get(user)!))!;
      expect(frames.flatMap(({ messages }) => messages.flatMap((one) => one.messages.map(({ id }) => id)))).toEqual([`${user}-1`]);
    }
  });

  it('a frame that fails before it writes leaves the other frames of the transaction alone (F132)', async () => {
    const [ann, bob] = names();
    const store = storeOf();
    const outcomes = await store.merged!.tx<unknown>([
      applied(ann, messageTo(`${ann}-peer`, `${ann}-1`)),
      async (tx) => {
        await tx.lockConversations(bob, [`direct:${ann}`]);
        throw new Error('no');
      },
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await rowOf(store, ann, `${ann}-peer`)).toMatchObject({ latestSeq: 1 });
  });

  it('after a frame that fails behind its first write, nothing of that frame is in effect (F132)', async () => {
    const [ann, bob] = names();
    const store = storeOf();
    const failing = async (tx: ServerTx): Promise<unknown> => {
      await applied(bob, messageTo(`${bob}-peer`, `${bob}-1`))(tx);
      throw new Error('no');
    };
    const together = store.merged!.tx<unknown>([applied(ann, messageTo(`${ann}-peer`, `${ann}-1`)), failing]);
    const outcomes = await together.catch(() => undefined);
    expect(await rowOf(store, bob, `${bob}-peer`)).toBeUndefined();
    // Either the others are in effect with their answers, or nothing is in effect and each frame runs again alone.
    const rows = (await pullAll(store, ann, null))!.flatMap((frame) => frame.rows);
    expect(rows.map(({ latestSeq }) => latestSeq)).toEqual(outcomes ? [1] : []);
  });
};
