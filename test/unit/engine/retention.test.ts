/** Old messages leave the device. Counts, pending entries and receipts stay. */
import { describe, expect, it } from 'vitest';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { setReceiptSettings } from '../../../src/engine/intents/switches.ts';
import { RetentionTask, START_AFTER_MS } from '../../../src/engine/space/retention.ts';
import { applyMessages } from '../../../src/engine/apply/apply-messages.ts';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { undelivered, unreadNotStored } from '../../../src/engine/sync/feed/fetch-missing.ts';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { StoredMessage } from '../../../src/model/message/message.ts';
import { size } from '../../../src/model/registers/ranges.ts';
import type { Retention } from '../../../src/model/api/retention.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { openDevice, sentBy, submits, WorldTab } from '../../support/on-tab.ts';
import { checkCounts } from '../../support/check-counts.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const ports = (disk: MemoryDisk) => quietPorts(createMemoryStore(disk));

/** Ten messages a day. */
const message = (seq: number): StoredMessage => ({
  id: `m${seq}`,
  seq,
  senderId: seq % 3 === 0 ? 'alice' : 'bob',
  sentAt: 1_700_000_000_000 + seq * (DAY_MS / 10),
  body: `"body ${seq}."`,
  receiptRequested: true,
  countable: true,
  recalled: false,
});
const messages = (from: number, upTo: number) => Array.from({ length: upTo - from + 1 }, (_, i) => message(from + i));
const step = (from: number, upTo: number, cursor: string | null): Frame<'changes'> => ({
  type: 'changes',
  from: cursor,
  to: `c${upTo}`,
  rows: [{ ...emptyRow('direct:bob'), version: upTo, latestSeq: upTo }],
  messages: [{ conversationId: 'direct:bob', messages: messages(from, upTo) }],
  steps: [],
  complete: true,
});

/** @param wall time of this device's clock; without it, the clock is years behind. */
const filled = async (count: number, limits: Retention, wall = 1000) => {
  const disk = new MemoryDisk();
  const quiet = ports(disk);
  const given = { ...quiet, clock: { ...quiet.clock, wall: () => wall } };
  const writer = await Writer.open(given, 'alice');
  await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [step(1, count, null)], false));
  await writer.compactLog();
  return { disk, given, writer, retention: new RetentionTask(given, writer, limits), conversation: () => writer.model.get('direct:bob')! };
};

const bodiesOn = (disk: MemoryDisk): number[] => {
  const text = JSON.stringify([...disk.tables].map(([, rows]) => [...rows.values()]));
  return [...new Set([...text.matchAll(/body (\d+)\./g)].map(([, seq]) => Number(seq)))].sort((a, b) => a - b);
};

describe('retention', () => {
  it('retention keeps the newest messages of each conversation and changes no counts, positions or pending entries', async () => {
    const { disk, writer, retention, conversation } = await filled(1000, { messagesPerConversation: 300 });
    const before = {
      unread: conversation().unread,
      pendingReceipts: conversation().pendingReceipts,
      newestReceived: conversation().newestReceived,
    };
    expect(bodiesOn(disk)).toHaveLength(1000);
    await retention.run();
    expect(conversation().storedSeqs).toEqual([[701, 1000]]);
    expect(bodiesOn(disk)).toEqual(Array.from({ length: 300 }, (_, i) => 701 + i));
    expect({
      unread: conversation().unread,
      pendingReceipts: conversation().pendingReceipts,
      newestReceived: conversation().newestReceived,
    }).toEqual(before);
    expect(before.unread).toEqual({ unreadCount: 1000, exact: true });
    checkCounts(writer.model);
    const shown = await readShownMessages(writer, 'direct:bob', 500);
    expect(shown.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, i) => 701 + i));
    // A second run has nothing to do.
    const { version } = writer.model;
    await retention.run();
    expect(writer.model.version).toBe(version);
  });

  it('retention has the same result in every tab, after a restart and after another compaction', async () => {
    const { disk, given, writer, retention, conversation } = await filled(1000, { messagesPerConversation: 10 });
    const other = await Writer.open(ports(disk), 'alice');
    await retention.run();
    await other.refresh();
    expect(other.model.get('direct:bob')!.storedSeqs).toEqual([[991, 1000]]);
    expect(other.model.get('direct:bob')!.unread).toEqual(conversation().unread);
    const reopened = async () => (await Writer.open(ports(disk), 'alice')).model.get('direct:bob')!;
    for (const again of [await reopened(), (await writer.compactLog(), await reopened())]) {
      expect(again.storedSeqs).toEqual([[991, 1000]]);
      expect(again.evicted).toEqual([[1, 990]]);
      expect(again.unflushed.size).toBe(0);
    }
    await writer.write('feed', STRICT, (draft) => applyChanges(draft, given, step(1001, 1005, 'c1000'), 'live'));
    await writer.compactLog();
    await retention.run();
    expect(bodiesOn(disk)).toEqual(Array.from({ length: 10 }, (_, i) => 996 + i));
  });

  it.each([
    ['years behind', 1000],
    ['years ahead', 4_000_000_000_000],
  ])(
    'retention by days uses the server’s time if the device clock is %s, and always keeps the newest message (F80)',
    async (_where, wall) => {
      const { disk, retention, conversation } = await filled(1000, { days: 30 }, wall);
      await retention.run();
      expect(conversation().storedSeqs).toEqual([[700, 1000]]);
      expect(bodiesOn(disk)).toHaveLength(301);
      const tiny = await filled(400, { days: 0.01 }, wall);
      await tiny.retention.run();
      expect(tiny.conversation().storedSeqs).toEqual([[400, 400]]);
      expect(bodiesOn(tiny.disk)).toEqual([400]);
    },
  );

  it('the stricter of two retention limits decides', async () => {
    const { retention, conversation } = await filled(1000, { days: 30, messagesPerConversation: 50 });
    await retention.run();
    expect(conversation().storedSeqs).toEqual([[951, 1000]]);
  });

  it('retention removes many messages in slices, and other writes run in between', async () => {
    const { disk, given, writer, retention, conversation } = await filled(16_000, { messagesPerConversation: 100 });
    const slices: number[] = [];
    const { tx } = given.store;
    given.store.tx = (name, ...rest) => {
      if (name === 'retention') slices.push(size(conversation().storedSeqs));
      return tx(name, ...rest);
    };
    const run = retention.run();
    await writer.write('between', STRICT, (draft) => sendMessage(draft, given, 'direct:bob', { body: '"mine"' }));
    await run;
    expect(slices.length).toBeGreaterThan(1);
    expect(conversation().storedSeqs).toEqual([[15_901, 16_000]]);
    expect(bodiesOn(disk)).toHaveLength(100);
    expect(writer.model.outbox.size).toBe(2);
  });

  it('messages removed by retention are not fetched again without a call, and get no second delivery receipt when the app loads these messages', async () => {
    const { given, writer, retention, conversation, disk } = await filled(200, { messagesPerConversation: 50 });
    const receiptsSent = conversation().receiptsSent.delivered;
    await retention.run();
    expect(undelivered(writer.model, conversation())).toEqual([]);
    expect(unreadNotStored(conversation())).toEqual([]);
    await writer.write('fetched', STRICT, (draft) => applyMessages(draft, given, 'direct:bob', messages(101, 150), 'silent'));
    expect(conversation().storedSeqs).toEqual([[101, 200]]);
    expect(conversation().evicted).toEqual([[1, 100]]);
    expect(conversation().receiptsSent.delivered).toEqual(receiptsSent);
    expect((await readShownMessages(writer, 'direct:bob', 100)).map(({ body }) => body)[0]).toBe('body 101.');
    // The next compaction removes them again.
    await writer.compactLog();
    await retention.run();
    expect(bodiesOn(disk)).toEqual(Array.from({ length: 50 }, (_, i) => 151 + i));
  });

  it('with delivery receipts off, messages removed by retention are not fetched again without a call', async () => {
    const disk = new MemoryDisk();
    const given = ports(disk);
    const writer = await Writer.open(given, 'alice');
    await writer.write('off', STRICT, (draft) => setReceiptSettings(draft, given, { deliveryReceipts: false }));
    await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [step(1, 100, null)], false));
    await writer.compactLog();
    await new RetentionTask(given, writer, { messagesPerConversation: 10 }).run();
    const conversation = writer.model.get('direct:bob')!;
    expect(conversation.storedSeqs).toEqual([[91, 100]]);
    expect(undelivered(writer.model, conversation)).toEqual([]);
    expect(unreadNotStored(conversation)).toEqual([]);
  });

  it('retention removes unflushed messages too, and no compaction brings them back', async () => {
    const disk = new MemoryDisk();
    const given = ports(disk);
    const writer = await Writer.open(given, 'alice');
    await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [step(1, 100, null)], false));
    await new RetentionTask(given, writer, { messagesPerConversation: 10, days: 5 }).run();
    checkCounts(writer.model);
    expect(writer.model.get('direct:bob')!.unflushed.size).toBe(10);
    expect(writer.model.unflushedCount).toBe(10);
    expect((await Writer.open(ports(disk), 'alice')).model.get('direct:bob')!.unflushed.size).toBe(10);
    await writer.compactLog();
    expect(bodiesOn(disk)).toEqual(Array.from({ length: 10 }, (_, i) => 91 + i));
  });

  it('messages removed by another tab during a compaction stay removed in a tab after its restore of the snapshot', async () => {
    const { disk, given, writer } = await filled(50, {});
    await writer.write('feed', STRICT, (draft) => applyChanges(draft, given, step(51, 60, 'c50'), 'live'));
    const { tx } = given.store;
    given.store.tx = async (name, ...rest) => {
      if (name === 'compact') {
        // The pages are written. Before the snapshot is, another tab applies more of the feed and runs its retention.
        const elsewhere = ports(disk);
        const other = await Writer.open(elsewhere, 'alice');
        await other.write('feed', STRICT, (draft) => applyChanges(draft, elsewhere, step(61, 70, 'c60'), 'live'));
        await new RetentionTask(elsewhere, other, { messagesPerConversation: 5 }).run();
      }
      return tx(name, ...rest);
    };
    await writer.compactLog();
    // Two records, and the bodies of the first.
    expect([...disk.tables.get('log')!.values()].map(({ key }) => key)).toEqual([3, 3.5, 4]);
    const restored = await Writer.open(ports(disk), 'alice');
    expect(restored.model.get('direct:bob')!.storedSeqs).toEqual([[66, 70]]);
    expect([...restored.model.get('direct:bob')!.unflushed.seqs]).toEqual([66, 67, 68, 69, 70]);
    checkCounts(restored.model);
    const shown = await readShownMessages(restored, 'direct:bob', 100);
    expect(shown.map(({ body }) => body)).toEqual(['body 66.', 'body 67.', 'body 68.', 'body 69.', 'body 70.']);
  });
});

describe('retention in a running engine', () => {
  it('a running engine removes messages after its start, and loadOlderMessages brings them back', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    for (let n = 1; n <= 30; n++) await bob.say('alice', `${n}`);
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const phone = world.device('alice');
    const sent = sentBy(phone);
    const sentSubmits = () => submits([...sent.sockets, ...sent.requests]).length;
    const openedAt = world.time.now;
    const alice = new WorldTab(world, await world.until(phone.openTab({}, { messagesPerConversation: 5 })));
    const seqs = (list: readonly { seq: number | null }[]) => list.map(({ seq }) => seq);
    const watched = { of: 'messages', conversationId: 'direct:bob', limit: 100 } as const;
    await alice.until(watched, ({ length }) => length === 30);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const before = sentSubmits();
    expect(before).toBeGreaterThan(0);
    await world.pass(openedAt + START_AFTER_MS - 1 - world.time.now);
    expect(await alice.now(watched)).toHaveLength(30);
    expect(seqs(await alice.until(watched, ({ length }) => length === 5))).toEqual([26, 27, 28, 29, 30]);
    expect(await alice.now({ of: 'total-unread' })).toBe(30);
    const older = await alice.ask('loadOlderMessages', 'direct:bob', 10);
    expect(older.messages.map(({ body }) => body)).toEqual(Array.from({ length: 10 }, (_, i) => `${16 + i}`));
    expect(seqs(await alice.until(watched, ({ length }) => length === 15))[0]).toBe(16);
    expect(await alice.now({ of: 'total-unread' })).toBe(30);
    await world.pass(2000);
    expect(sentSubmits()).toBe(before);
    await alice.do('sendConversationReadReceipt', 'direct:bob', {});
    await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 30 }, (list) => list.every(({ status }) => status === 'read'));
  });
});

describe('retention by bytes', () => {
  const bytesOf = (disk: MemoryDisk): number =>
    [...disk.tables.get('pages')!.values()].reduce((sum, { record }) => sum + String(record).length, 0);

  it('the messages on the disk shrink below the limit, read messages first, and no count changes', async () => {
    const { disk, given, writer, conversation } = await filled(1000, {});
    const row = { ...emptyRow('direct:bob'), version: 2000, latestSeq: 1000, readUpTo: 400 };
    const frame = { ...step(1, 0, 'c1000'), to: 'c2000', rows: [row], messages: [] };
    await writer.write('feed', STRICT, (draft) => applyChanges(draft, given, frame, 'live'));
    const before = { unread: conversation().unread, all: bytesOf(disk) };
    const limit = Math.round(before.all * 0.7);
    await new RetentionTask(given, writer, { bytes: limit * 1.2 }).run();
    expect(bytesOf(disk)).toBeLessThan(limit * 1.2);
    expect(bytesOf(disk)).toBeGreaterThan(limit * 0.7);
    expect(conversation().storedSeqs[0]![0]).toBeLessThan(401);
    expect(size(conversation().storedSeqs)).toBeGreaterThan(600);
    expect(conversation().unread).toEqual(before.unread);
    await new RetentionTask(given, writer, { bytes: 1 }).run();
    expect(conversation().storedSeqs).toEqual([[1000, 1000]]);
    expect(bodiesOn(disk)).toEqual([1000]);
    expect(conversation().unread).toEqual(before.unread);
    checkCounts(writer.model);
    const { version } = writer.model;
    await new RetentionTask(given, writer, { bytes: 1_000_000 }).run();
    expect(writer.model.version).toBe(version);
  });
});
