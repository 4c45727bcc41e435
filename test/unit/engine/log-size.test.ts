/** The log takes a backlog as a whole where the device has room, and then moves it into pages at once. */
import { describe, expect, it } from 'vitest';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { exceeds, LARGE_LOG, mayGrowTo, REST_MS, SMALL_LOG } from '../../../src/engine/write/log-size.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import type { StoredMessage } from '../../../src/model/message/message.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { TestClock } from '../../support/test-clock.ts';

const GIB = 1024 ** 3;
const CONVERSATIONS = 20;
const ROUNDS = 14;
/** One message of each conversation fills an eighth of a small log. */
const BODY = JSON.stringify('x'.repeat(SMALL_LOG.text / CONVERSATIONS / 8));

const conversation = (n: number): ConversationId => `direct:p${n}`;
const message = (n: number, seq: number): StoredMessage => ({
  id: `m${n}-${seq}`,
  seq,
  senderId: `p${n}`,
  sentAt: seq,
  body: BODY,
  receiptRequested: true,
  countable: true,
  recalled: false,
});

/** A writer on a device with this room. It counts the pages that it writes. */
const device = async (room: number | null) => {
  const disk = new MemoryDisk();
  const inner = createMemoryStore(disk, 'durable');
  const clock = new TestClock();
  const seen = { pages: 0, rooms: 0 };
  const store: typeof inner = {
    ...inner,
    room: () => {
      seen.rooms++;
      return Promise.resolve(room);
    },
    tx: (name, tables, mode, durability, body) =>
      inner.tx(name, tables, mode, durability, (tx) =>
        body({
          ...tx,
          putMany: (table, keys, records) => {
            if (table === 'pages') seen.pages += keys.length;
            tx.putMany(table, keys, records);
          },
        }),
      ),
  };
  const writer = await Writer.open({ ...quietPorts(store), clock }, 'me');
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve));
  };
  const bring = async (seq: number): Promise<void> => {
    await writer.write('messages', { durability: 'relaxed' }, (draft) => {
      for (let n = 0; n < CONVERSATIONS; n++) draft.change({ t: 'messages', conversationId: conversation(n), messages: [message(n, seq)] });
    });
  };
  /** A message of each conversation, again and again, without a rest. */
  const backlog = async (): Promise<void> => {
    for (let seq = 1; seq <= ROUNDS; seq++) {
      await bring(seq);
      await settle();
      await clock.pass(REST_MS / 2);
    }
  };
  return { disk, store, clock, writer, seen, bring, backlog, settle };
};

describe('the size of the log', () => {
  it('while a backlog comes in and the device has room, no page is written; when it rests, each page is written once', async () => {
    const { clock, writer, seen, backlog, settle } = await device(100 * GIB);
    await backlog();
    expect(seen.pages).toBe(0);
    expect(writer.logText).toBeGreaterThan(SMALL_LOG.text);
    await clock.pass(2 * REST_MS);
    await settle();
    await clock.pass(REST_MS);
    await settle();
    expect(seen.pages).toBe(CONVERSATIONS);
    expect(writer.model.unflushedCount).toBe(0);
    expect((await readShownMessages(writer, conversation(3), 100)).length).toBe(ROUNDS);
  });

  it.each([
    ['has little room', SMALL_LOG.text * 10],
    ['does not tell its room', null],
  ])('on a device that %s, the log stays small', async (_, room) => {
    const { writer, seen, backlog } = await device(room);
    await backlog();
    expect(seen.pages).toBeGreaterThanOrEqual(CONVERSATIONS);
    expect(writer.logText).toBeLessThan(SMALL_LOG.text);
  });

  it('a small log is not compacted, and nothing asks for the room', async () => {
    const { clock, writer, seen, bring, settle } = await device(100 * GIB);
    await bring(1);
    await clock.pass(10 * REST_MS);
    await settle();
    expect(seen).toEqual({ pages: 0, rooms: 0 });
    expect(writer.model.unflushedCount).toBe(CONVERSATIONS);
  });

  it('a log that the last start left large is compacted soon after the next start', async () => {
    const { store, clock, backlog, settle } = await device(100 * GIB);
    await backlog();
    const writer = await Writer.open({ ...quietPorts(store), clock }, 'me');
    expect(writer.model.unflushedCount).toBe(CONVERSATIONS * ROUNDS);
    await settle();
    await clock.pass(REST_MS);
    await settle();
    expect(writer.model.unflushedCount).toBe(0);
  });

  it('takes a part of the room, and never more than the maximum', () => {
    expect(mayGrowTo(null)).toEqual(SMALL_LOG);
    expect(mayGrowTo(0).text).toBe(SMALL_LOG.text);
    expect(mayGrowTo(4 * SMALL_LOG.text * 16).text).toBe(4 * SMALL_LOG.text);
    expect(mayGrowTo(100 * GIB)).toEqual(LARGE_LOG);
    expect(exceeds({ messages: 0, records: LARGE_LOG.records, text: 0 }, LARGE_LOG)).toBe(true);
  });
});
