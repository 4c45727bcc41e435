/** A full device evicts cached messages. It never evicts positions, receipts or pending entries. */
import { expect, it } from 'vitest';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { enqueueReceipts } from '../../../src/engine/write/enqueue.ts';
import { applyChanges } from '../../../src/engine/apply/apply-changes.ts';
import { applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { StoreError } from '../../../src/errors.ts';
import { size } from '../../../src/model/registers/ranges.ts';
import { bytesOn, limitedDevice, messagesOfBob } from '../../support/limited-disk.ts';
import { SCHEMA } from '../../../src/log/tables.ts';
import { queueOf } from '../../../src/model/outbox-entry.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

const device = async (count: number, readUpTo: number) => {
  const { disk, full, die, open } = limitedDevice();
  const first = await open();
  await first.writer.write('snapshot', STRICT, (draft) =>
    applySnapshot(draft, first.given, [messagesOfBob(1, count, null, readUpTo)], false),
  );
  await first.writer.compactLog();
  return { disk, full, die, open, ...first };
};
const say = ({ writer, given }: Pick<Awaited<ReturnType<typeof device>>, 'writer' | 'given'>, text: string) =>
  writer.write('sendMessage', STRICT, (draft) => sendMessage(draft, given, 'direct:bob', { body: JSON.stringify(text) }));

it('a full device evicts read messages, oldest first, and the call succeeds; unread counts, pending entries and receipts stay (F04, F06)', async () => {
  const mine = await device(2000, 1800);
  const { writer, full, disk } = mine;
  await writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, mine.given, 'direct:bob'));
  await writer.write('apply', STRICT, (draft) => applyChanges(draft, mine.given, messagesOfBob(2001, 2010, 'c2000', 1800), 'live'));
  const before = {
    unread: pickTotal(writer.model.totals),
    outbox: [...writer.model.outbox.values()],
    row: writer.model.get('direct:bob')!.row,
  };
  full.quota = bytesOn(disk) + 10;
  await say(mine, 'there is room for this');
  const storedSeqs = writer.model.get('direct:bob')!.storedSeqs;
  expect(size(storedSeqs)).toBeLessThan(2010);
  expect(storedSeqs.at(-1)).toEqual([expect.any(Number), 2010]);
  expect(storedSeqs[0]![0]).toBeGreaterThan(1);
  expect(pickTotal(writer.model.totals)).toBe(before.unread);
  expect(writer.model.get('direct:bob')!.row).toEqual(before.row);
  expect([...writer.model.outbox.values()].slice(0, before.outbox.length)).toEqual(before.outbox);
  const again = await mine.open();
  expect(again.writer.model.get('direct:bob')!.storedSeqs).toEqual(storedSeqs);
  expect([...again.writer.model.outbox.values()]).toEqual([...writer.model.outbox.values()]);
  const shown = await readShownMessages(again.writer, 'direct:bob', 5000);
  expect(shown.filter(({ seq }) => seq !== null)).toHaveLength(size(storedSeqs));
});

it('a call without room and without anything to evict is refused and changes nothing (F04, F06)', async () => {
  const mine = await device(3, 3);
  mine.full.quota = bytesOn(mine.disk) + 10;
  await expect(say(mine, 'too much')).rejects.toMatchObject({ code: 'store/quota-exceeded' });
  expect(JSON.stringify([...mine.disk.tables.get('log')!.values()])).not.toContain('too much');
  await mine.writer.refresh();
  expect(mine.writer.model.outbox.size).toBe((await mine.open()).writer.model.outbox.size);
  expect([...mine.writer.model.outbox.values()].some(({ kind }) => kind === 'message')).toBe(false);
  mine.full.quota = Infinity;
  await say(mine, 'now');
  expect([...mine.writer.model.outbox.values()].some(({ kind }) => kind === 'message')).toBe(true);
});

it('an eviction whose record finds no room is recorded as soon as there is room, and no evicted message counts as stored (F06)', async () => {
  const mine = await device(2000, 1990);
  const { writer, full } = mine;
  const unread = pickTotal(writer.model.totals);
  full.quota = 0;
  await expect(say(mine, 'too much')).rejects.toMatchObject({ code: 'store/quota-exceeded' });
  await expect(say(mine, 'too much again')).rejects.toMatchObject({ code: 'store/quota-exceeded' });
  full.quota = Infinity;
  await say(mine, 'now');
  await writer.refresh();
  const { storedSeqs } = writer.model.get('direct:bob')!;
  expect(size(storedSeqs)).toBeLessThan(2000);
  const shown = await readShownMessages(writer, 'direct:bob', 5000);
  expect(shown.filter(({ seq }) => seq !== null)).toHaveLength(size(storedSeqs));
  expect(pickTotal(writer.model.totals)).toBe(unread);
  const again = await mine.open();
  expect(again.writer.model.get('direct:bob')!.storedSeqs).toEqual(storedSeqs);
});

it('after a crash between an eviction and its record, the next start finds the remaining messages and the same counts (F06)', async () => {
  const mine = await device(2000, 1990);
  const unread = pickTotal(mine.writer.model.totals);
  mine.full.quota = bytesOn(mine.disk) + 10;
  mine.die.after = 'made-room';
  await expect(say(mine, 'never')).rejects.toBeInstanceOf(StoreError);
  mine.die.after = '';
  mine.full.quota = Infinity;
  const again = await mine.open();
  const { storedSeqs } = again.writer.model.get('direct:bob')!;
  const shown = await readShownMessages(again.writer, 'direct:bob', 5000);
  expect(shown).toHaveLength(size(storedSeqs));
  expect(size(storedSeqs)).toBeLessThan(2000);
  expect(pickTotal(again.writer.model.totals)).toBe(unread);
});

it('code older than the schema of the store writes nothing, reports the newer schema, and keeps pending entries (F09)', async () => {
  const mine = await device(3, 0);
  await say(mine, 'owed');
  const head = mine.disk.tables.get('meta')!.get('"head"')!;
  mine.disk.tables.get('meta')!.set('"head"', { ...head, record: { ...(head.record as object), schema: SCHEMA + 1 } });
  const before = JSON.stringify([...mine.disk.tables].map(([, table]) => [...table.values()]));
  await expect(say(mine, 'refused')).rejects.toMatchObject({ code: 'store/version-ahead' });
  await expect(mine.writer.takeFence()).rejects.toMatchObject({ code: 'store/version-ahead' });
  await expect(mine.open()).rejects.toMatchObject({ code: 'store/version-ahead' });
  expect(JSON.stringify([...mine.disk.tables].map(([, table]) => [...table.values()]))).toBe(before);
});

it('100,000 receipts in 50 conversations make 50 entries, for any time offline (F24)', async () => {
  const { writer, given } = await device(1, 0);
  const started = performance.now();
  for (let round = 0; round < 100; round++)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => {
        const seq = round * 20 + Math.floor(i / 50) + 1;
        return writer.write('read', STRICT, (draft) => enqueueReceipts(draft, given, `direct:${i % 50}`, { named: [[seq, seq]] }));
      }),
    );
  const entries = [...writer.model.outbox.values()].filter((entry) => queueOf(entry) !== 'direct:bob');
  expect(entries).toHaveLength(50);
  for (const entry of entries) expect(entry.kind === 'receipts' && entry.pendingReceipts.named).toEqual([[1, 2000]]);
  expect(JSON.stringify(writer.model.snapshot().outbox).length).toBeLessThan(20_000);
  expect(performance.now() - started).toBeLessThan(20_000);
}, 30_000);
