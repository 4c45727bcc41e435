/** Unsent messages that fill a device leave it when the server is back (F141). */
import { expect, it } from 'vitest';
import { applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { endEntry } from '../../../src/engine/apply/end-entry.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { RESERVE_KEY } from '../../../src/log/tables.ts';
import type { Writer } from '../../../src/engine/write/writer.ts';
import { size } from '../../../src/model/registers/ranges.ts';
import { bytesOn, limitedDevice, messagesOfBob } from '../../support/limited-disk.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
const RESERVE = 32_000;
const TEXT = 8000;

/** Ends everything that is pending. */
const end = (writer: Writer) =>
  writer.write('end', STRICT, (draft) =>
    draft.change(...[...draft.model.outbox.keys()].map((key) => ({ t: 'end', key, end: 'cancelled' }) as const)),
  );

const device = async () => {
  const { disk, full, open } = limitedDevice(RESERVE);
  const { given, writer } = await open();
  await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [messagesOfBob(1, 3, null)], false));
  await end(writer);
  return { disk, full, open, given, writer };
};
type Device = Pick<Awaited<ReturnType<typeof device>>, 'writer' | 'given'>;

const say = ({ writer, given }: Device, text = '') =>
  writer.write('sendMessage', { ...STRICT, keepsReserve: true }, (draft) =>
    sendMessage(draft, given, 'direct:bob', { body: JSON.stringify(text.padEnd(TEXT, 'x')) }),
  );

/** The server confirms the oldest pending messages. */
const confirm = ({ writer, given }: Device, count: number, from: number) =>
  writer.write('settle-batch', STRICT, async (draft) => {
    const entries = [...draft.model.outbox.values()].filter(({ kind }) => kind === 'message').slice(0, count);
    for (const [i, entry] of entries.entries())
      await endEntry(draft, given, entry, { key: entry.key, outcome: 'confirmed', row: null, message: { seq: from + i, sentAt: 5 } });
    return entries.length;
  });

const textRows = (disk: Awaited<ReturnType<typeof device>>['disk']): number =>
  [...disk.tables.get('log')!.values()].filter(({ key }) => typeof key === 'string').length;

it('messages that fill the device are all confirmed, and then it takes messages again (F141)', async () => {
  const mine = await device();
  const { writer, full, disk } = mine;
  full.quota = bytesOn(disk) + 1_500_000;
  let sent = 0;
  const refusal = await (async () => {
    for (; ; sent++) await say(mine, `${sent} `);
  })().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'store/quota-exceeded' });
  expect(sent).toBeGreaterThan(20);
  let seq = 4;
  for (let confirmed = await confirm(mine, 5, seq); confirmed > 0; confirmed = await confirm(mine, 5, seq)) {
    seq += confirmed;
    if (seq % 3 === 0) await writer.compactLog();
  }
  expect(seq).toBe(sent + 4);
  expect(writer.model.get('direct:bob')!.newest).toMatchObject({ seq: sent + 3, body: JSON.stringify(`${sent - 1} `.padEnd(TEXT, 'x')) });
  expect(bytesOn(disk)).toBeLessThanOrEqual(full.quota);
  await say(mine, 'again');
  expect((await mine.open()).writer.model.outbox.size).toBe(1);
});

it('without its reserve a device keeps the newest text of a chat; a message that finds room makes the reserve whole (F141)', async () => {
  const mine = await device();
  const { writer, full, disk, given } = mine;
  for (let i = 0; i < 4; i++) await say(mine, `${i} `);
  const reserved = (): boolean => disk.tables.get('meta')!.has(JSON.stringify(RESERVE_KEY));
  expect(reserved()).toBe(true);
  full.quota = bytesOn(disk) + 10;
  await writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob'));
  expect(reserved()).toBe(false);
  full.quota = Infinity;
  await confirm(mine, 3, 4);
  const conversation = writer.model.get('direct:bob')!;
  expect(size(conversation.storedSeqs)).toBe(2);
  expect(conversation.newest).toMatchObject({ seq: 6, body: JSON.stringify('2 '.padEnd(TEXT, 'x')) });
  const again = (await mine.open()).writer.model.get('direct:bob')!;
  expect([again.storedSeqs, again.evicted, again.newest]).toEqual([conversation.storedSeqs, conversation.evicted, conversation.newest]);
  await say(mine, '4 ');
  expect(reserved()).toBe(true);
  await confirm(mine, 2, 7);
  expect(size(conversation.storedSeqs)).toBe(4);
});

it('a message without room takes no receipt with it that shares its transaction (F141)', async () => {
  const mine = await device();
  const { writer, given } = mine;
  await say(mine, 'first');
  mine.full.quota = bytesOn(mine.disk) + 10;
  const [said, cleared] = await Promise.allSettled([
    say(mine, 'no room'),
    writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob')),
  ]);
  expect([said, cleared.status]).toMatchObject([{ reason: { code: 'store/quota-exceeded' } }, 'fulfilled']);
  const after = [...(await mine.open()).writer.model.outbox.values()];
  expect(after.map(({ kind }) => kind)).toEqual(['message', 'receipts']);
});

it('a compaction copies no text that waits, and deletes those that nothing needs (F141)', async () => {
  const mine = await device();
  const { writer, disk, given } = mine;
  for (let i = 0; i < 3; i++) await say(mine, `needle${i} `);
  const pending = [...writer.model.outbox.values()];
  await writer.compactLog();
  expect(JSON.stringify([...disk.tables.get('meta')!.values()])).not.toContain('needle');
  expect(textRows(disk)).toBe(3);
  const second = await mine.open();
  expect([...second.writer.model.outbox.values()]).toEqual(pending);
  // Confirmed messages stay for a server that loses its history, and a log-out ends them all.
  await confirm(mine, 2, 4);
  await writer.compactLog();
  expect(textRows(disk)).toBe(3);
  await writer.write('offer', STRICT, (draft) =>
    draft.change({ t: 'offer-again', keys: writer.model.confirmed.all.map(({ key }) => [key, given.random.id()]) }),
  );
  await writer.compactLog();
  const offered = (await mine.open()).writer.model.outbox;
  expect([...offered.values()].map((entry) => entry.kind === 'message' && entry.message.body.slice(1, 8))).toEqual([
    'needle0',
    'needle1',
    'needle2',
  ]);
  await end(writer);
  await writer.compactLog();
  expect(textRows(disk)).toBe(0);
});
