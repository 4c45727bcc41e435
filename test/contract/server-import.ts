/** The import of history, over every server store. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import { createLocalBus, type Hint } from '../../src/server/bus/bus.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import { importMessages } from '../../src/server/history/import-messages.ts';
import type { ImportedConversation } from '../../src/server/history/imported.ts';
import { changePolicy, DEFAULT_POLICY } from '../../src/server/policy.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { fetchAll, pullAll, rowOf, submit } from './server-store.ts';

const unreadOf = (row: ConversationRow): number => unreadAt(row, row.readUpTo).unreadCount;
const T0 = Date.UTC(2020, 0, 1);
let pairs = 0;

export const describeImport = (open: () => ServerStore): void => {
  describe('the import of history', () => {
    let store: ServerStore;
    let ann: string;
    let ben: string;
    let hints: Hint[];
    const importAll = (...conversations: ImportedConversation[]) => {
      const bus = createLocalBus();
      bus.subscribe((hint) => hints.push(hint));
      const policy = () => changePolicy(DEFAULT_POLICY, { receipts: { groups: true, windowMs: 1000 } });
      return importMessages(Promise.resolve({ store, clock: systemClock, bus, policy }), conversations);
    };
    /** Messages a minute apart, of both in turn. */
    const chat = (count = 120): ImportedConversation & { readonly messages: { readonly id: string }[] } => ({
      between: [ann, ben],
      messages: Array.from({ length: count }, (_, i) => ({
        id: `${ann}-${i}`,
        from: i % 2 === 0 ? ann : ben,
        body: { n: i },
        sentAt: T0 + i * 60_000,
      })),
    });
    beforeEach(() => {
      store = open();
      hints = [];
      [ann, ben] = [`imp-ann-${++pairs}`, `imp-ben-${pairs}`];
    });

    it(
      'messages keep their order and times, positions make the counts, and a repeated import changes nothing',
      { timeout: 60_000 },
      async () => {
        const history = { ...chat(), readUpTo: { [ann]: `${ann}-119`, [ben]: `${ann}-99` } };
        expect(await importAll(history)).toEqual({ stored: 120, known: 0 });
        const [forAnn, forBen] = [await rowOf(store, ann, ben), await rowOf(store, ben, ann)];
        expect([forAnn.latestSeq, forAnn.readUpTo, unreadOf(forAnn)]).toEqual([120, 120, 0]);
        expect([forBen.readUpTo, unreadOf(forBen)]).toEqual([100, 10]);
        const messages = await fetchAll(store, ben, ann);
        expect(messages.map(({ sentAt, body }) => [sentAt, body]).sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(
          Array.from({ length: 120 }, (_, i) => [T0 + i * 60_000, `{"n":${i}}`]),
        );
        expect(new Set(hints.flatMap((hint) => ('userIds' in hint ? hint.userIds : [])))).toEqual(new Set([ann, ben]));
        const before = await pullAll(store, ben, null);
        hints = [];
        expect(await importAll(history)).toEqual({ stored: 0, known: 120 });
        expect((await pullAll(store, ben, before!.at(-1)!.to))!.flatMap(({ rows }) => rows)).toEqual([]);
        expect(hints).toEqual([]);
      },
    );

    it(
      'a device that pulls between two transactions of an import never sees more unread messages than at the end',
      { timeout: 60_000 },
      async () => {
        const seen: number[] = [];
        const real = store;
        store = {
          ...real,
          tx: async (name, body, work) => {
            const result = await real.tx(name, body, work);
            seen.push(unreadOf(await rowOf(real, ben, ann)));
            return result;
          },
        };
        await importAll({ ...chat(450), readUpTo: { [ben]: `${ann}-349` } });
        expect(seen).toEqual([0, 25, 50]);
      },
    );

    it('receipts keep their times, and messages of today follow the history', { timeout: 60_000 }, async () => {
      await importAll({
        ...chat(),
        receipts: [
          { by: ben, kind: 'delivered', messageIds: [`${ann}-0`, `${ann}-2`], at: T0 + 121_000 },
          { by: ben, kind: 'read', messageIds: [`${ann}-2`], at: T0 + 500_000 },
        ],
      });
      const row = await rowOf(store, ann, ben);
      expect(row.theirs).toMatchObject({
        delivered: [[1, 3]],
        named: [[3, 3]],
      });
      const [first, , third] = (await fetchAll(store, ann, ben)).sort((a, b) => a.seq - b.seq);
      expect(first!.times).toEqual({ delivered: T0 + 121_000 });
      expect(third!.times).toEqual({ delivered: T0 + 121_000, named: T0 + 500_000 });
      expect(await submit(store, ann, messageTo(ben, `${ann}-today`), receiptsTo(ben, { position: 121 }))).toMatchObject([
        { message: { seq: 121 } },
        { outcome: 'confirmed' },
      ]);
    });

    it('a group keeps its receipts: who read, when, and how many were asked', { timeout: 60_000 }, async () => {
      const [group, cat] = [`imp-team-${pairs}`, `imp-cat-${pairs}`];
      await store.tx('members', (tx) =>
        changeMembers(tx, group, new Map([ann, ben, cat].map((user) => [user, 'member' as const])), 'stay'),
      );
      await importAll({
        group,
        messages: [
          { id: `${group}-1`, from: ann, body: 1, sentAt: T0, receiptRequested: true },
          { id: `${group}-2`, from: ann, body: 2, sentAt: T0 + 1 },
        ],
        readUpTo: { [ben]: `${group}-2` },
        receipts: [{ by: ben, kind: 'read', messageIds: [`${group}-1`], at: T0 + 900 }],
      });
      const [conversation] = await store.read('conversations', (tx) => tx.conversations(ann, [`group:${group}`]));
      const message = { conversationId: conversation!.id, seq: 1 };
      const readers = await store.read('readers', (tx) => tx.readers(message, null, 10));
      expect(readers).toMatchObject([{ userId: ben, at: T0 + 900 }]);
      const [receipt] = await store.read('receipts', (tx) => tx.receiptsIn([{ conversationId: conversation!.id, range: [1, 2] }]));
      expect(receipt).toMatchObject({ memberCount: 2, expiresAt: T0 + 1000 });
      const rows = (await pullAll(store, cat, null))!.flatMap((frame) => frame.rows);
      expect(rows.map(unreadOf)).toEqual([2]);
    });

    it('history that a conversation cannot take is refused, and the value is named', { timeout: 60_000 }, async () => {
      const one = (sentAt: number, id = `${ann}-x-${sentAt}`, from = ann) => ({ id, from, body: 'x', sentAt });
      await submit(store, ann, messageTo(ben, `${ann}-live`));
      const refusals: [ImportedConversation, string][] = [
        [{ between: [ann, ben], messages: [one(T0)] }, 'is older than a message that the conversation has'],
        [{ between: [ann, ben], messages: [one(T0 + 1), one(T0)] }, 'is older than the message before it'],
        [{ between: [ann, ben], messages: [one(T0, 'same'), one(T0, 'same')] }, '"same" comes twice'],
        [{ between: [ann, ben], messages: [one(T0, 'y', 'eve')] }, '"eve" is not one of the two users'],
        [{ between: [ann, ben], messages: [one(Date.now() + 1e9)] }, 'a time is in the future'],
        [{ between: [ann, ben], messages: [], readUpTo: { [ann]: 'nowhere' } }, '"nowhere", which is not among the messages'],
        [{ messages: [] }, '{ between: [user, user] } or { group }'],
        [{ between: [ann, ben], messages: [{ ...one(T0), sentAt: 1.5 }] }, 'must be epoch ms; got 1.5'],
        [{ group: `no-group-${ann}`, messages: [one(T0)] }, 'no such group: create it first'],
      ];
      for (const [history, message] of refusals) await expect(importAll(history), message).rejects.toThrow(message);
      expect((await rowOf(store, ann, ben)).latestSeq).toBe(1);
    });
  });
};
