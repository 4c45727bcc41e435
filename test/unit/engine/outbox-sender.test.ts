import { beforeEach, describe, expect, it } from 'vitest';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { wireEntry } from '../../../src/engine/sync/outbox/batch.ts';
import { ANSWER_TIMEOUT_MS, OutboxSender } from '../../../src/engine/sync/outbox/outbox-sender.ts';
import { splitEntry } from '../../../src/engine/sync/outbox/split-entry.ts';
import { AdaptiveTimeout } from '../../../src/engine/sync/timing/adaptive-timeout.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import { NO_PENDING_RECEIPTS, type ReceiptsEntry } from '../../../src/model/outbox-entry.ts';
import type { Frame, Limits } from '../../../src/protocol/frames.ts';
import type { WireResult } from '../../../src/protocol/submit.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { TestClock } from '../../support/test-clock.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

/** Long enough for code with promises only. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('the outbox sender', () => {
  let clock: TestClock;
  let writer: Writer;
  let sender: OutboxSender;
  let sent: Frame<'submit'>[];
  let silent: number;
  let limits: Limits;
  let ids: number;

  beforeEach(async () => {
    ids = 0;
    sent = [];
    silent = 0;
    clock = new TestClock();
    limits = { entries: 100, frameBytes: 64 * 1024, fetchMessages: 1, receiptIds: 100, members: 100, heartbeatMs: 1 };
    const ports = { ...quietPorts(createMemoryStore()), clock, random: { next: () => 0, id: () => `k${++ids}` } };
    writer = await Writer.open(ports, 'alice');
    const fence = await writer.takeFence();
    let id = 0;
    sender = new OutboxSender(
      ports,
      writer,
      {
        send: (frame) => sent.push(frame),
        nextId: () => ++id,
        limits: () => limits,
        fence: () => fence,
        continues: () => true,
        silent: () => silent++,
        failed: (error) => {
          throw error;
        },
        changed: () => undefined,
      },
      new AdaptiveTimeout(),
    );
    writer.onChange(() => sender.sendPending());
    say = (to, text) => writer.write('say', STRICT, (draft) => sendMessage(draft, ports, `direct:${to}`, { body: JSON.stringify(text) }));
    ack = (chat, messageIds) => writer.write('ack', STRICT, (draft) => sendReadReceipts(draft, ports, chat, messageIds));
  });
  let say: (to: string, text: string) => Promise<unknown>;
  let ack: (chat: ConversationId, messageIds: string[]) => Promise<unknown>;

  const texts = (frame: Frame<'submit'>): unknown[] => frame.entries.map((entry) => entry['body']);
  const answer = (frame: Frame<'submit'>, result: (key: string, n: number) => WireResult): void =>
    sender.answer({ type: 'answer', id: frame.id, results: frame.entries.map(({ key }, n) => result(key, n)) });
  const named = (key: string): WireResult => ({ outcome: 'confirmed', key, row: null });

  it('the outbox sender sends pending entries in order: one frame is in flight, and the rest goes in the next frame', async () => {
    await say('bob', 'one');
    await say('bob', 'two');
    sender.start();
    await settled();
    await say('carol', 'three');
    await settled();
    expect(sent.map(texts)).toEqual([['"one"', '"two"']]);
    answer(sent[0]!, named);
    await settled();
    expect(sent.map(texts)).toEqual([['"one"', '"two"'], ['"three"']]);
    answer(sent[1]!, named);
    await settled();
    expect(writer.model.outbox.size).toBe(0);
  });

  it('a message recalled by another device before this device knew its seq is stored without its text', async () => {
    await say('bob', 'secret');
    sender.start();
    await settled();
    answer(sent[0]!, (key) => ({ outcome: 'confirmed', key, row: null, message: { seq: 1, sentAt: 5, recalled: true } }));
    await settled();
    expect(writer.model.get('direct:bob')?.newest).toMatchObject({ seq: 1, recalled: true, body: '' });
  });

  it('a sent entry never changes and is sent again under the same key; newer work becomes the next entry (F61)', async () => {
    await ack('direct:bob', ['m1']);
    sender.start();
    await settled();
    await ack('direct:bob', ['m2']);
    await ack('direct:bob', ['m3']);
    sender.stop();
    sender.start();
    await settled();
    expect(sent).toHaveLength(2);
    expect(sent[1]!.entries[0]).toEqual(sent[0]!.entries[0]);
    expect(sent[1]!.entries.map((entry) => entry['namedIds'])).toEqual([['m1'], ['m2', 'm3']]);
  });

  it('a temporary refusal delays only the entries of its conversation, for as long as the server says (F62)', async () => {
    await say('bob', 'one');
    await say('carol', 'two');
    sender.start();
    await settled();
    answer(sent[0]!, (key, n) => (n === 0 ? { outcome: 'retry', key, retryAfterMs: 5000 } : named(key)));
    await settled();
    await say('bob', 'after one');
    await say('dan', 'three');
    await settled();
    expect(sent.slice(1).map(texts)).toEqual([['"three"']]);
    answer(sent[1]!, named);
    await settled();
    clock.standStill(4000);
    await settled();
    expect(sent).toHaveLength(2);
    clock.standStill(1001);
    await settled();
    expect(texts(sent[2]!)).toEqual(['"one"', '"after one"']);
  });

  it('the outbox sender halves a frame refused as a whole until the bad entry is alone, and only that entry is rejected (F63)', async () => {
    for (let n = 0; n < 8; n++) await say(`p${n}`, n === 5 ? 'bad' : 'good');
    sender.start();
    await settled();
    for (let i = 0; i < sent.length && i < 40; i++) {
      const frame = sent[i]!;
      if (texts(frame).includes('"bad"')) sender.refused(frame.id);
      else answer(frame, named);
      await settled();
    }
    expect(writer.model.outbox.size).toBe(0);
    expect(writer.model.deadLetters.map(({ letter }) => [letter.conversationId, letter.code])).toEqual([
      ['direct:p5', 'rejected/unsupported'],
    ]);
    expect(sent.length).toBeLessThan(12);
  });

  it('the outbox sender sends nothing to a busy server before the time named by the server', async () => {
    await say('bob', 'one');
    sender.start();
    await settled();
    sender.busy(sent[0]!.id, 3000);
    await say('bob', 'two');
    await settled();
    expect(sent).toHaveLength(1);
    clock.standStill(3001);
    await settled();
    expect(texts(sent[1]!)).toEqual(['"one"', '"two"']);
  });

  it('a missing answer counts as a silent connection', async () => {
    await say('bob', 'one');
    sender.start();
    await settled();
    clock.standStill(ANSWER_TIMEOUT_MS);
    expect(silent).toBe(1);
  });

  it('every frame stays within the limit of the server', async () => {
    limits = { ...limits, frameBytes: 4096 };
    for (let n = 0; n < 10; n++) await say('bob', 'x'.repeat(1000));
    sender.start();
    await settled();
    for (let i = 0; i < sent.length && i < 20; i++) {
      expect(new TextEncoder().encode(JSON.stringify(sent[i])).length).toBeLessThanOrEqual(4096);
      answer(sent[i]!, named);
      await settled();
    }
    expect(sent.flatMap(texts)).toHaveLength(10);
    expect(writer.model.outbox.size).toBe(0);
  });

  it('a receipts entry with more ids or ranges than the server accepts is split into several entries with the same content', () => {
    const entry: ReceiptsEntry = {
      kind: 'receipts',
      key: 'k',
      conversationId: 'direct:bob',
      at: 0,
      sent: false,
      cursor: null,
      pendingReceipts: {
        ...NO_PENDING_RECEIPTS,
        position: 9,
        named: Array.from({ length: 2500 }, (_, n) => [n * 2 + 1, n * 2 + 1] as const),
        namedIds: Array.from({ length: 450 }, (_, n) => `m${n}`),
      },
    };
    const parts = splitEntry(entry, () => `k${++ids}`, limits.frameBytes);
    expect(
      parts.map(({ pendingReceipts }) => [pendingReceipts.position, pendingReceipts.named.length, pendingReceipts.namedIds.length]),
    ).toEqual([
      [9, 0, 0],
      [0, 1000, 0],
      [0, 1000, 0],
      [0, 500, 0],
      [0, 0, 200],
      [0, 0, 200],
      [0, 0, 50],
    ]);
    expect(new Set(parts.map(({ key }) => key)).size).toBe(parts.length);
  });

  it('of more receipts than a frame takes, the rest stays a single unsent entry, and newer receipts join it (I-22)', async () => {
    limits = { ...limits, frameBytes: 4096 };
    const ids = Array.from({ length: 1500 }, (_, n) => `m${1000 + n}`);
    await ack('group:crew', ids.slice(0, 1400));
    sender.start();
    await settled();
    await ack('group:crew', ids.slice(1400));
    const unsent = () => [...writer.model.outbox.values()].filter((entry) => !entry.sent).length;
    let frames = 0;
    for (; frames < sent.length; frames++) {
      expect(unsent()).toBeLessThanOrEqual(1);
      expect(new TextEncoder().encode(JSON.stringify(sent[frames])).length).toBeLessThanOrEqual(4096);
      answer(sent[frames]!, named);
      await settled();
    }
    expect(frames).toBe(4);
    expect(sent.flatMap(({ entries }) => entries.flatMap((entry) => entry['namedIds']))).toEqual(ids);
    expect(writer.model.outbox.size).toBe(0);
  });

  it('receipts with texts are split so that every frame fits, each text together with its receipt and before receipts without text', () => {
    let n = 0;
    const ids = Array.from({ length: 60 }, (_, n) => `m${n}`);
    const entry: ReceiptsEntry = {
      kind: 'receipts',
      key: 'big',
      conversationId: 'group:crew',
      at: 0,
      sent: false,
      cursor: null,
      pendingReceipts: {
        ...NO_PENDING_RECEIPTS,
        position: 70,
        named: [[1, 70]],
        namedIds: ['m0', 'far'],
        contents: ids.map((id) => ({ id, text: '😀'.repeat(256) })),
      },
    };
    const parts = splitEntry(entry, () => `k${++n}`, limits.frameBytes);
    const texts = parts.filter(({ pendingReceipts }) => pendingReceipts.contents.length > 0);
    expect(texts.flatMap(({ pendingReceipts }) => pendingReceipts.contents.map(({ id }) => id))).toEqual(ids);
    for (const part of texts) {
      expect(part.pendingReceipts.namedIds).toEqual(part.pendingReceipts.contents.map(({ id }) => id));
      expect(JSON.stringify(wireEntry(part)).length).toBeLessThan(16 * 1024);
    }
    expect(
      parts.slice(texts.length).map(({ pendingReceipts }) => [pendingReceipts.position, pendingReceipts.named, pendingReceipts.namedIds]),
    ).toEqual([
      [70, [], []],
      [0, [[1, 70]], []],
      [0, [], ['far']],
    ]);
  });
});
