/** Message read receipts for scattered messages: every device of the sender and of the reader shows the server's state. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createTestWorld, type TestWorld, type VirtualTab } from '../../../src/testing/index.ts';

const MESSAGES = 140;

/** Number of these messages shown as read. */
const readIn = async (world: TestWorld, tab: VirtualTab, ids: readonly string[]): Promise<number> => {
  let read = 0;
  for (const messageId of ids) if ((await world.until(firstValueFrom(tab.watch({ of: 'receipts', messageId }))))?.state === 'done') read++;
  return read;
};

it('with receipts for every second of 140 messages, both devices of the sender show 70 as read, and no device of the reader sends a receipt twice (F97, F114)', async () => {
  const world = createTestWorld({ seed: 114 });
  const [phone, reader] = [await world.open(world.device('ann')), await world.open(world.device('ben'))];
  const other = world.device('ben');
  const otherReader = await world.open(other);
  const ids: string[] = [];
  for (let n = 0; n < MESSAGES; n++) ids.push((await world.until(phone.do('sendMessage', 'direct:ben', { body: `"${n}"` }))).id);
  await world.pass(5000);

  other.network.set({ up: false, down: false });
  const everySecond = ids.filter((_, i) => i % 2 === 0);
  for (const id of everySecond) await world.until(reader.do('sendReadReceipts', 'direct:ann', [id], {}));
  await world.pass(5000);
  // At once, before the feed brings the reader's own receipts back.
  expect((await world.until(reader.do('sendReadReceipts', 'direct:ann', everySecond, {}))).queued).toEqual([]);

  const tablet = await world.open(world.device('ann'));
  other.network.set({ up: true, down: true });
  await world.pass(60_000);
  expect(await readIn(world, phone, ids)).toBe(70);
  expect(await readIn(world, tablet, ids)).toBe(70);
  const again = await world.until(otherReader.do('sendReadReceipts', 'direct:ann', everySecond, {}));
  expect([again.queued.length, new Set(again.skipped.map(({ reason }) => reason))]).toEqual([0, new Set(['already-acked'])]);
});

/** More pieces than an entry of the reader takes (1,000), a pull or a further row (500), and a row (64). */
const PIECES = 1_050;

it('with receipts for every second of 2,100 messages, more pieces than an entry, a pull or a row takes, all devices show each of them (F97, F114)', async () => {
  const world = createTestWorld({ seed: 115 });
  const ids = Array.from({ length: 2 * PIECES }, (_, n) => `m${n}`);
  for (const id of ids) await world.until(world.server.host.publish({ from: 'ann', to: { user: 'ben' }, id, body: id }));
  const [phone, reader] = [await world.open(world.device('ann')), await world.open(world.device('ben'))];
  const other = world.device('ben');
  const otherReader = await world.open(other);
  /** The messages shown as read by a tab, which loads the whole conversation first. */
  const shownRead = async (tab: VirtualTab, conversationId: 'direct:ann' | 'direct:ben'): Promise<string[]> => {
    while (!(await world.until(tab.ask('loadOlderMessages', conversationId, 500))).complete);
    const all = await world.until(firstValueFrom(tab.watch({ of: 'receipts-in', conversationId, limit: ids.length })));
    expect(all.length).toBe(ids.length);
    return all.flatMap(({ messageId, state }) => (state === 'done' ? [messageId] : []));
  };
  const everySecond = ids.filter((_, i) => i % 2 === 0);
  await world.pass(60_000);
  expect(await shownRead(phone, 'direct:ben')).toEqual([]);
  expect(await shownRead(reader, 'direct:ann')).toEqual([]);
  expect(await shownRead(otherReader, 'direct:ann')).toEqual([]);

  other.network.set({ up: false, down: false });
  expect((await world.until(reader.do('sendReadReceipts', 'direct:ann', everySecond, {}))).queued.length).toBe(PIECES);
  await world.pass(60_000);
  other.network.set({ up: true, down: true });
  await world.pass(60_000);

  const tablet = await world.open(world.device('ann'));
  await world.pass(60_000);
  for (const tab of [phone, tablet]) expect(await shownRead(tab, 'direct:ben')).toEqual(everySecond);
  for (const tab of [reader, otherReader]) {
    expect(await shownRead(tab, 'direct:ann')).toEqual(everySecond);
    expect((await world.until(tab.do('sendReadReceipts', 'direct:ann', everySecond, {}))).queued).toEqual([]);
  }
}, 120_000);
