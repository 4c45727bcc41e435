/** The deletion and the export of a user, over every server store. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { unreadAt } from '../../src/model/conversation/unread.ts';
import { createLocalBus, type Hint } from '../../src/server/bus/bus.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import { deleteUser } from '../../src/server/history/delete-user.ts';
import { exportUser } from '../../src/server/history/export-user.ts';
import { importMessages } from '../../src/server/history/import-messages.ts';
import { changePolicy, DEFAULT_POLICY } from '../../src/server/policy.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { fetchAll, pullAll, rowOf, submit, submitOne } from './server-store.ts';

const unreadOf = (row: ConversationRow): number => unreadAt(row, row.readUpTo).unreadCount;
const REFUSED = { outcome: 'rejected', code: 'rejected/permission-denied' };
let trios = 0;

export const describeDeletion = (open: () => ServerStore): void => {
  describe('the deletion of a user', () => {
    let store: ServerStore;
    let [ann, ben, cat, team] = ['', '', '', ''];
    let hints: Hint[];
    let revoked: number;
    const core = () => {
      const bus = createLocalBus();
      bus.subscribe((hint) => hints.push(hint));
      return { store, clock: systemClock, bus, policy: () => changePolicy(DEFAULT_POLICY, { receipts: { groups: true } }) };
    };
    const erase = (): Promise<void> => deleteUser(core(), ann, async () => void revoked++);
    const change = (userId: string, role: 'member' | null, others: 'stay' | 'leave' = 'stay') =>
      store.tx('members', (tx) => changeMembers(tx, team, new Map([[userId, role]]), others));
    const groupRow = async (me: string): Promise<ConversationRow | undefined> =>
      (await pullAll(store, me, null))!.flatMap(({ rows }) => rows).find(({ conversationId }) => conversationId === `group:${team}`);
    beforeEach(async () => {
      store = open();
      hints = [];
      revoked = 0;
      trios++;
      [ann, ben, cat, team] = [`del-ann-${trios}`, `del-ben-${trios}`, `del-cat-${trios}`, `del-team-${trios}`];
      for (const userId of [ann, ben, cat]) await change(userId, 'member');
      const at = Date.now() - 10_000;
      await importMessages(Promise.resolve(core()), [
        {
          group: team,
          messages: [
            { id: `${team}-b`, from: ben, body: 'of ben', sentAt: at, receiptRequested: true },
            { id: `${team}-a`, from: ann, body: 'of ann', sentAt: at, receiptRequested: true },
          ],
          receipts: [{ by: ann, kind: 'read', messageIds: [`${team}-b`], at }],
        },
      ]);
      await submit(store, ann, messageTo(ben, `${ann}-1`, '"secret"'), messageTo(ben, `${ann}-2`, '"secret"'));
      await submit(store, ben, messageTo(ann, `${ben}-1`), receiptsTo(ann, { position: 1, delivered: [[1, 2]] }));
      await submit(store, ann, receiptsTo(ben, { position: 3, named: [[3, 3]], muted: { count: 1, value: true } }));
      hints = [];
    });

    it('its messages lose their text and count no more, its private registers are empty, and receipts that others know stay', async () => {
      expect(unreadOf(await rowOf(store, ben, ann))).toBe(1);
      await erase();
      expect(revoked).toBe(1);
      const row = await rowOf(store, ben, ann);
      expect([unreadOf(row), row.theirs.named]).toEqual([0, [[3, 3]]]);
      const bodies = (await fetchAll(store, ben, ann)).map(({ id, body, recalled }) => [id, body, recalled]).sort();
      expect(bodies).toEqual([
        [`${ann}-1`, '', true],
        [`${ann}-2`, '', true],
        [`${ben}-1`, '"hi"', false],
      ]);
      expect(await rowOf(store, ann, ben)).toMatchObject({ muted: { value: false }, readBy: null, mine: { named: [[3, 3]] } });
      expect(new Set(hints.flatMap((hint) => ('userIds' in hint ? hint.userIds : [])))).toEqual(new Set([ann, ben, cat]));
    });

    it('it leaves its groups: readers stay counted, its own messages are recalled with their receipts', async () => {
      const [group] = await store.read('group', (tx) => tx.conversations(ben, [`group:${team}`]));
      const range = [{ conversationId: group!.id, range: [1, 2] as const }];
      expect(unreadOf((await groupRow(cat))!)).toBe(2);
      await erase();
      expect(unreadOf((await groupRow(cat))!)).toBe(1);
      const { roster, receipts, counts } = await store.read('after', async (tx) => ({
        roster: await tx.roster([group!.id]),
        receipts: await tx.receiptsIn(range),
        counts: await tx.readCounts([{ conversationId: group!.id, seq: 1 }]),
      }));
      expect(roster.map(({ userId }) => userId).sort()).toEqual([ben, cat]);
      expect(receipts).toMatchObject([{ seq: 1, memberCount: 2 }]);
      expect(counts).toMatchObject([{ readCount: 1 }]);
      await expect(change(ann, 'member')).rejects.toThrow('was deleted and joins no group');
      // The host's directory may still name the user.
      await store.tx('members', (tx) => changeMembers(tx, team, new Map([ann, ben].map((user) => [user, 'member' as const])), 'leave'));
      expect((await store.read('roster', (tx) => tx.roster([group!.id]))).map(({ userId }) => userId)).toEqual([ben]);
    });

    it('no late entry brings it back: messages, first messages, receipts, flags and settings are refused, and so is writing to it', async () => {
      await erase();
      const before = await pullAll(store, ben, null);
      const late = await submit(
        store,
        ann,
        messageTo(ben, `${ann}-late`),
        messageTo(cat, `${ann}-first`),
        receiptsTo(ben, { position: 3, read: [[1, 3]] }),
        receiptsTo(cat, { archived: { count: 1, value: true, at: 0 } }),
        { key: 'settings', kind: 'settings', readReceipts: { count: 1, value: false } } as { key: string },
      );
      expect(late).toMatchObject(late.map(() => REFUSED));
      expect(await submitOne(store, ben, messageTo(ann, `${ben}-late`))).toMatchObject(REFUSED);
      expect(await submitOne(store, cat, messageTo(ann, `${cat}-first`))).toMatchObject(REFUSED);
      expect(await submitOne(store, ben, receiptsTo(ann, { position: 3 }))).toMatchObject({ outcome: 'confirmed' });
      expect(await rowOf(store, cat, ann)).toBeUndefined();
      const messages = [{ id: `${ann}-old`, from: ann, body: 1, sentAt: 1 }];
      await expect(importMessages(Promise.resolve(core()), [{ between: [ann, cat], messages }])).rejects.toThrow('was deleted');
      expect((await pullAll(store, ben, before!.at(-1)!.to))!.flatMap(({ messages: some }) => some)).toEqual([]);
    });

    it('a repeated deletion changes nothing', async () => {
      await erase();
      const before = await pullAll(store, ben, null);
      hints = [];
      await erase();
      expect(hints).toEqual([]);
      expect((await pullAll(store, ben, before!.at(-1)!.to))!.flatMap(({ rows }) => rows)).toEqual([]);
    });

    it('the export has the settings, each conversation with the own registers, and the own messages alone', async () => {
      const records = [];
      for await (const record of exportUser(Promise.resolve(core()), ann)) records.push(record);
      expect(records[0]).toEqual({ kind: 'settings', deliveryReceipts: true, readReceipts: true });
      expect(records.filter(({ kind }) => kind === 'conversation')).toEqual([
        expect.objectContaining({ conversationId: `group:${team}`, left: false, named: [[1, 1]] }),
        expect.objectContaining({ conversationId: `direct:${ben}`, readUpTo: 3, named: [[3, 3]], muted: true }),
      ]);
      const messages = records.flatMap((record) => (record.kind === 'message' ? [[record.id, record.body]] : []));
      expect(messages).toEqual([
        [`${team}-a`, 'of ann'],
        [`${ann}-1`, 'secret'],
        [`${ann}-2`, 'secret'],
      ]);
      expect(() => exportUser(Promise.resolve(core()), '')).toThrow('userId');
    });
  });
};
