/** A full device with a long log, which a page closed before its compaction has left, finds room in the log itself. */
import { expect, it } from 'vitest';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { enqueueReceipts } from '../../../src/engine/write/enqueue.ts';
import { StoreError } from '../../../src/errors.ts';
import { size } from '../../../src/model/registers/ranges.ts';
import { bytesOn, limitedDevice, messagesOfBob } from '../../support/limited-disk.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
const BOB = 'direct:bob';

/** A device without a compaction: 20 records of 100 messages each, of which this many are read. */
const device = async (readUpTo: number) => {
  const { disk, full, die, open } = limitedDevice();
  const { writer, given } = await open();
  await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [messagesOfBob(1, 100, null, readUpTo)], false));
  for (let from = 101; from < 2000; from += 100)
    await writer.write('apply', STRICT, (draft) =>
      applyChanges(draft, given, messagesOfBob(from, from + 99, `c${from - 1}`, readUpTo), 'live'),
    );
  return { disk, full, die, open, unread: pickTotal(writer.model.totals) };
};

type Opened = Awaited<ReturnType<Awaited<ReturnType<typeof device>>['open']>>;
const read = ({ writer, given }: Opened, seq: number) =>
  writer.write('read', STRICT, (draft) => enqueueReceipts(draft, given, BOB, { named: [[seq, seq]] }));
const stored = ({ writer }: Opened) => writer.model.get(BOB)!.storedSeqs;
/** The stored messages are those that a chat shows, each with its body. */
const expectWhole = async (opened: Opened): Promise<void> => {
  const shown = await readShownMessages(opened.writer, BOB, 5000);
  expect(shown).toHaveLength(size(stored(opened)));
  for (const { seq, body } of shown) expect(body).toMatch(new RegExp(`^${seq} `));
};

it('a receipt is stored on a full device whose messages are all in the log; read messages leave first (F04, F06)', async () => {
  const { disk, full, open, unread } = await device(1500);
  full.quota = bytesOn(disk);
  const next = await open();
  await read(next, 1990);
  expect(stored(next)).toEqual([[1501, 2000]]);
  expect(pickTotal(next.writer.model.totals)).toBe(unread);
  await expectWhole(next);
  const again = await open();
  expect(stored(again)).toEqual([[1501, 2000]]);
  expect([...again.writer.model.outbox.values()]).toEqual([...next.writer.model.outbox.values()]);
  await expectWhole(again);
});

it('the compaction of a long log on a full device ends, and what it frees takes further receipts (F04, F06)', async () => {
  const { disk, full, open, unread } = await device(0);
  full.quota = bytesOn(disk);
  const next = await open();
  await next.writer.compactLog();
  expect(disk.tables.get('log')!.size).toBeLessThan(3);
  expect(bytesOn(disk)).toBeLessThan(full.quota / 4);
  expect(next.writer.model.get(BOB)!.newest).toMatchObject({ seq: 2000 });
  expect(pickTotal(next.writer.model.totals)).toBe(unread);
  for (let seq = 1900; seq < 1950; seq++) await read(next, seq);
  await expectWhole(await open());
});

it('after a crash between the end of the bodies and its record, the next start shows the remaining messages and the same counts (F06)', async () => {
  const { disk, full, die, open, unread } = await device(1500);
  full.quota = bytesOn(disk);
  die.after = 'dropped-bodies';
  await expect(read(await open(), 1990)).rejects.toBeInstanceOf(StoreError);
  die.after = '';
  const next = await open();
  expect(pickTotal(next.writer.model.totals)).toBe(unread);
  await expectWhole(next);
  await next.writer.compactLog();
  const again = await open();
  expect(stored(again)).toEqual(stored(next));
  await expectWhole(again);
  await read(again, 1990);
});
