/** Receipts in many pieces: each reader of a row learns all of them, over every server store, and the size of a frame is limited. */
import { describe, expect, it } from 'vitest';
import { type ConversationRow, joinRows } from '../../src/model/conversation/conversation.ts';
import { fromSeqs, type Ranges, subtract } from '../../src/model/registers/ranges.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { GroupBench, groupMessage, groupReceipts } from './groups.ts';
import { messageTo, receiptsTo } from './server-harness.ts';

let pairs = 0;

/** Every second message of this many. */
const everySecond = (count: number): Ranges => fromSeqs(Array.from({ length: count / 2 }, (_, i) => 2 * i + 1));

/** The state of a device's conversation after the rows, from its state `before`. */
const joined = (name: string, frames: readonly Frame<'changes'>[], before?: ConversationRow): ConversationRow => {
  const rows = frames.flatMap((frame) => frame.rows).filter(({ conversationId }) => conversationId === name) as ConversationRow[];
  return [...(before ? [before] : []), ...rows].reduce(joinRows);
};

export const describeScattered = (open: () => ServerStore): void => {
  const chat = async (messages: number) => {
    const n = ++pairs;
    const [ann, ben] = [`scattered-ann-${n}`, `scattered-ben-${n}`];
    const bench = new GroupBench(open());
    const id = (seq: number): string => `${ann}-${seq}`;
    for (let seq = 1; seq <= messages; seq += 200)
      await bench.submit(ann, ...Array.from({ length: Math.min(200, messages - seq + 1) }, (_, i) => messageTo(ben, id(seq + i))));
    return { bench, ann, ben, id };
  };

  describe('receipts in many pieces', { timeout: 60_000 }, () => {
    it('with receipts by id for every second of 140 messages, all devices of both users know 70 pieces (F114)', async () => {
      const { bench, ann, ben, id } = await chat(140);
      const [annAt, benAt] = [await bench.pull(ann, null), await bench.pull(ben, null)];
      const pieces = everySecond(140);
      const named = pieces.map(([seq]) => id(seq));
      const [result] = await bench.submit(ben, receiptsTo(ann, { namedIds: named.sort() }));

      // The sender of the receipts drops its entry on the arrival of this row.
      expect(result).toMatchObject({ outcome: 'confirmed', row: { mine: { named: pieces } } });
      const senderAgain = await bench.pull(ann, annAt.at(-1)!.to);
      expect(joined(`direct:${ben}`, senderAgain, joined(`direct:${ben}`, annAt)).theirs.named).toEqual(pieces);
      expect(joined(`direct:${ben}`, await bench.pull(ann, null)).theirs.named).toEqual(pieces);
      const readerAgain = await bench.pull(ben, benAt.at(-1)!.to);
      expect(joined(`direct:${ann}`, readerAgain, joined(`direct:${ann}`, benAt)).mine.named).toEqual(pieces);
      expect(joined(`direct:${ann}`, await bench.pull(ben, null)).mine.named).toEqual(pieces);
    });

    it.each([70, 300, 1000])('%i pieces that came in parts are known to the devices of both users, and to new devices', async (count) => {
      const { bench, ann, ben } = await chat(2 * count);
      const [annAt, benAt] = [await bench.pull(ann, null), await bench.pull(ben, null)];
      const pieces = everySecond(2 * count);
      for (let i = 0; i < count; i += 50) await bench.submit(ben, receiptsTo(ann, { named: pieces.slice(i, i + 50) }));
      const [sender, reader] = [`direct:${ben}`, `direct:${ann}`];
      expect(joined(sender, await bench.pull(ann, annAt.at(-1)!.to), joined(sender, annAt)).theirs.named).toEqual(pieces);
      expect(joined(reader, await bench.pull(ben, benAt.at(-1)!.to), joined(reader, benAt)).mine.named).toEqual(pieces);
      expect(joined(sender, await bench.pull(ann, null)).theirs.named).toEqual(pieces);
      expect(joined(reader, await bench.pull(ben, null)).mine.named).toEqual(pieces);
    });

    it('a sender who was offline while 1,000 pieces came learns all of them, and no frame is larger than 64 KiB (F114)', async () => {
      const { bench, ann, ben } = await chat(2000);
      const before = await bench.pull(ann, null);
      const pieces = everySecond(2000);
      await bench.submit(ben, receiptsTo(ann, { named: pieces }));
      const pulled = await bench.pull(ann, before.at(-1)!.to);
      for (const frame of pulled) expect(JSON.stringify(frame).length).toBeLessThan(64 * 1024);
      expect(joined(`direct:${ben}`, pulled, joined(`direct:${ben}`, before)).theirs.named).toEqual(pieces);
    });

    it('one more piece comes in a short row to devices that know the other pieces (F114)', async () => {
      const { bench, ann, ben } = await chat(1000);
      await bench.submit(ben, receiptsTo(ann, { named: everySecond(500) }));
      const before = await bench.pull(ann, null);
      // This piece is below the newest 64 pieces.
      await bench.submit(ben, receiptsTo(ann, { named: [[2, 2]] }));
      const pulled = await bench.pull(ann, before.at(-1)!.to);
      const known = joined(`direct:${ben}`, pulled, joined(`direct:${ben}`, before));
      expect(subtract([[1, 3]], known.theirs.named)).toEqual([]);
      expect(JSON.stringify(pulled).length).toBeLessThan(8 * 1024);
    });

    it('a snapshot that broke off before the conversation brings all pieces when it goes on (F114)', async () => {
      const { bench, ann, ben, id } = await chat(140);
      await bench.submit(ben, receiptsTo(ann, { named: everySecond(140) }));
      await bench.submit(ann, messageTo(`${ben}-friend`, id(0)));
      const brokeOffAt = (await bench.pull(ann, null)).at(-1)!.to;
      await bench.submit(ben, receiptsTo(ann, { delivered: [[1, 7]] }));
      const page = await bench.store.read('changes', (tx) => pullPage(tx, { userId: ann, membersSeeReaders: false }, brokeOffAt, true));
      expect(joined(`direct:${ben}`, page!.frames).theirs.named).toEqual(everySecond(140));
    });

    it('with receipts of a group member for every second message, the member’s other device knows all of them (F114)', async () => {
      const n = ++pairs;
      const [g, ann, ben] = [`scattered-${n}`, `scattered-ann-${n}`, `scattered-ben-${n}`];
      const bench = new GroupBench(open());
      await bench.members(g, { [ann]: 'member', [ben]: 'member' });
      await bench.submit(ann, ...Array.from({ length: 160 }, (_, i) => groupMessage(g, `${g}-${i + 1}`)));
      const before = await bench.pull(ben, null);
      const pieces = everySecond(160);
      const [result] = await bench.submit(ben, groupReceipts(g, { named: pieces }));
      expect(result).toMatchObject({ outcome: 'confirmed', row: { mine: { named: pieces } } });
      const again = await bench.pull(ben, before.at(-1)!.to);
      expect(joined(`group:${g}`, again, joined(`group:${g}`, before)).mine.named).toEqual(pieces);
      expect(joined(`group:${g}`, await bench.pull(ben, null)).mine.named).toEqual(pieces);
    });
  });
};
