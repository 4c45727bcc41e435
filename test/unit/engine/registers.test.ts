import { describe, expect, it } from 'vitest';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { applyMessages, type News } from '../../../src/engine/apply/apply-messages.ts';
import { endEntry } from '../../../src/engine/apply/end-entry.ts';
import { sendConversationReadReceipt } from '../../../src/engine/intents/positions.ts';
import { recallMessage } from '../../../src/engine/intents/recall-message.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { type ConversationRow, emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { StoredEvent } from '../../../src/model/api/event.ts';
import type { Ranges } from '../../../src/model/registers/ranges.ts';
import { NO_RECEIPTS_SENT } from '../../../src/model/message/receipt.ts';
import type { WireMessage } from '../../../src/protocol/changes.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import type { WireResult } from '../../../src/protocol/submit.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { madeMessage } from '../../support/made-message.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const BOB = 'direct:bob';
const STRICT = { durability: 'strict', readsPages: true } as const;

const message = (seq: number, senderId: string, more: Partial<WireMessage> = {}): WireMessage =>
  madeMessage(seq, { id: `${senderId}-${seq}`, senderId, ...more });

/** A device of alice in her chat with bob: alice sent the messages 1 and 3, bob sent 2 and 4. */
const openDevice = async () => {
  const ports = quietPorts(createMemoryStore());
  const writer = await Writer.open(ports, 'alice');
  let step = 0;
  let version = 4;
  const frame = (from: string | null, more: Partial<Frame<'changes'>>): Frame<'changes'> => ({
    type: 'changes',
    from,
    to: `c${++step}`,
    rows: [],
    messages: [],
    steps: [],
    complete: true,
    ...more,
  });
  const row = (more: Partial<ConversationRow>): ConversationRow => ({ ...emptyRow(BOB), version: ++version, latestSeq: 4, ...more });
  const stored = [message(1, 'alice'), message(2, 'bob'), message(3, 'alice'), message(4, 'bob')];
  await writer.write('snapshot', STRICT, (draft) =>
    applySnapshot(draft, ports, [frame(null, { rows: [row({})], messages: [{ conversationId: BOB, messages: stored }] })], false),
  );
  const eventsOf = async (act: () => Promise<unknown>): Promise<readonly StoredEvent[]> => {
    const before = writer.model.eventCount;
    await act();
    return writer.model.events.filter(({ number }) => number > before).map(({ event }) => event);
  };
  return {
    writer,
    ports,
    row,
    changes: (news: News, more: Partial<Frame<'changes'>>) =>
      eventsOf(async () => {
        const next = frame(`c${step}`, more);
        expect(await writer.write('changes', STRICT, (draft) => applyChanges(draft, ports, next, news))).toBe('applied');
      }),
    fetched: (...messages: WireMessage[]) =>
      eventsOf(() => writer.write('fetched', STRICT, (draft) => applyMessages(draft, ports, BOB, messages, 'fetched'))),
    /** The server answers the only pending entry of receipts. */
    answered: (result: Partial<Extract<WireResult, { outcome: 'confirmed' }>>) =>
      eventsOf(() =>
        writer.write('answer', STRICT, async (draft) => {
          const [entry] = writer.model.get(BOB)!.receipts;
          await endEntry(draft, ports, entry!, { outcome: 'confirmed', key: entry!.key, row: null, ...result });
        }),
      ),
  };
};

const receipts = (more: Partial<Record<'delivered' | 'read' | 'named', Ranges>>) => ({ ...NO_RECEIPTS_SENT, ...more });

describe('each register makes its own event', () => {
  it('a row with delivery, message and conversation receipts of the peer makes an event of each', async () => {
    const { changes, row } = await openDevice();
    const theirs = receipts({ delivered: [[1, 4]], read: [[1, 2]], named: [[3, 3]] });
    expect(await changes('live', { rows: [row({ theirs })] })).toEqual([
      {
        type: 'delivered',
        conversationId: BOB,
        ranges: [
          [1, 1],
          [3, 3],
        ],
        messageIds: ['alice-1', 'alice-3'],
        by: 'bob',
      },
      { type: 'read', how: 'message', conversationId: BOB, ranges: [[3, 3]], messageIds: ['alice-3'], by: 'bob', self: false },
      { type: 'read', how: 'conversation', conversationId: BOB, ranges: [[1, 1]], messageIds: ['alice-1'], by: 'bob', self: false },
      { type: 'conversationRead', conversationId: BOB, upTo: 2, by: 'bob', self: false },
    ]);
  });

  it('a message receipt that follows a conversation receipt of the same message makes its own event', async () => {
    const { changes, row } = await openDevice();
    await changes('live', { rows: [row({ theirs: receipts({ read: [[1, 4]] }) })] });
    expect(await changes('live', { rows: [row({ theirs: receipts({ read: [[1, 4]], named: [[1, 1]] }) })] })).toEqual([
      { type: 'read', how: 'message', conversationId: BOB, ranges: [[1, 1]], messageIds: ['alice-1'], by: 'bob', self: false },
    ]);
  });

  it('receipts and the position of another device of the user make events with `self`, about messages of others', async () => {
    const { changes, row } = await openDevice();
    const mine = receipts({ read: [[1, 2]], named: [[4, 4]] });
    expect(await changes('live', { rows: [row({ mine, readUpTo: 4 })] })).toEqual([
      { type: 'read', how: 'message', conversationId: BOB, ranges: [[4, 4]], messageIds: ['bob-4'], by: 'alice', self: true },
      { type: 'read', how: 'conversation', conversationId: BOB, ranges: [[2, 2]], messageIds: ['bob-2'], by: 'alice', self: true },
      { type: 'conversationRead', conversationId: BOB, upTo: 2, by: 'alice', self: true },
      { type: 'unreadCleared', conversationId: BOB, upTo: 4, self: true },
    ]);
  });

  it('receipts of this device make no event with `self`, also for a named message that was not stored yet', async () => {
    const { writer, ports, changes, row } = await openDevice();
    await writer.write('read', STRICT, (draft) => sendReadReceipts(draft, ports, BOB, ['bob-2', 'bob-5'], {}));
    const arrived = { conversationId: BOB, messages: [message(5, 'bob')] } as const;
    const news = await changes('live', {
      rows: [row({ latestSeq: 5, mine: receipts({ named: [[2, 5]] }) })],
      messages: [{ ...arrived, messages: [...arrived.messages] }],
    });
    // The message 4 was named by another device.
    expect(news.filter(({ type }) => type !== 'message')).toEqual([
      { type: 'read', how: 'message', conversationId: BOB, ranges: [[4, 4]], messageIds: ['bob-4'], by: 'alice', self: true },
    ]);
  });

  it('receipts in many pieces, which come in several rows of one frame, make one event of each kind (F117)', async () => {
    const { changes, row } = await openDevice();
    const newest = row({ theirs: receipts({ delivered: [[3, 4]], named: [[3, 3]] }) });
    const rest = { ...newest, theirs: receipts({ delivered: [[1, 2]], named: [[1, 1]] }) };
    const events = await changes('catch-up', { rows: [newest, rest] });
    const kinds = events.map((event) => (event.type === 'read' || event.type === 'delivered' ? [event.type, event.messageIds] : event));
    expect(kinds).toEqual([
      ['delivered', ['alice-1', 'alice-3']],
      ['read', ['alice-1', 'alice-3']],
    ]);
  });

  it('receipts name no recalled message, also if the recall comes in the same frame or is still pending (F117)', async () => {
    const { writer, ports, changes, row } = await openDevice();
    await writer.write('recall', STRICT, (draft) => recallMessage(draft, ports, 'alice-3'));
    const recall = { conversationId: BOB, messages: [message(1, 'alice', { recalled: true, body: '' })] } as const;
    const all: Ranges = [[1, 4]];
    const rows = [row({ theirs: receipts({ delivered: all, read: all }), mine: receipts({ read: all }) })];
    expect(await changes('live', { rows, messages: [{ ...recall, messages: [...recall.messages] }] })).toEqual([
      { type: 'recalled', conversationId: BOB, messageId: 'alice-1' },
      { type: 'conversationRead', conversationId: BOB, upTo: 4, by: 'bob', self: false },
      {
        type: 'read',
        how: 'conversation',
        conversationId: BOB,
        ranges: [
          [2, 2],
          [4, 4],
        ],
        messageIds: ['bob-2', 'bob-4'],
        by: 'alice',
        self: true,
      },
      { type: 'conversationRead', conversationId: BOB, upTo: 4, by: 'alice', self: true },
    ]);
  });

  it('an event names all stored messages, without a limit', async () => {
    const { changes, row } = await openDevice();
    const many = Array.from({ length: 500 }, (_, i) => message(5 + i, 'alice'));
    await changes('live', { rows: [row({ latestSeq: 504 })], messages: [{ conversationId: BOB, messages: many }] });
    const [event] = await changes('live', { rows: [row({ latestSeq: 504, theirs: receipts({ delivered: [[1, 504]] }) })] });
    expect(event).toMatchObject({
      type: 'delivered',
      ranges: [
        [1, 1],
        [3, 3],
        [5, 504],
      ],
    });
    expect(event?.type === 'delivered' ? event.messageIds.length : 0).toBe(502);
  });
});

describe('news of messages and of own receipts', () => {
  it('a catch-up makes an event of every new stored message, also of own messages from another device', async () => {
    const { changes, row } = await openDevice();
    const messages = [message(7, 'bob'), message(6, 'alice'), message(5, 'bob')];
    const news = await changes('catch-up', { rows: [row({ latestSeq: 7 })], messages: [{ conversationId: BOB, messages }] });
    expect(news.map((event) => (event.type === 'message' ? event.messageId : event.type))).toEqual(['bob-5', 'alice-6', 'bob-7']);
  });

  const idsOf = (news: readonly StoredEvent[]): string[] => news.map((event) => (event.type === 'message' ? event.messageId : event.type));

  it('a message left out by a catch-up makes its event at the fetch, once, also after an eviction', async () => {
    const { writer, changes, fetched, row } = await openDevice();
    const messages = [message(8, 'bob')];
    expect(idsOf(await changes('catch-up', { rows: [row({ latestSeq: 8 })], messages: [{ conversationId: BOB, messages }] }))).toEqual([
      'bob-8',
    ]);
    expect(idsOf(await fetched(message(7, 'bob'), message(6, 'bob', { recalled: true, body: '' }), message(5, 'alice')))).toEqual([
      'alice-5',
      'bob-7',
    ]);
    await writer.write('evict', STRICT, (draft) => draft.change({ t: 'evict', conversationId: BOB, seqs: [[7, 8]] }));
    expect(await fetched(message(8, 'bob'), message(7, 'bob'))).toEqual([]);
  });

  it('a fetched message from before the first snapshot makes no event, also after a restart', async () => {
    const { writer, changes, fetched, row } = await openDevice();
    await changes('live', { rows: [row({ latestSeq: 5 })] });
    await writer.write('evict', STRICT, (draft) => draft.change({ t: 'reset' }));
    const cursor = { t: 'cursor', cursor: 'c9' } as const;
    await writer.write('again', STRICT, (draft) => draft.change({ t: 'row', row: row({ latestSeq: 5 }) }, cursor));
    const restarted = AccountState.restore('alice', writer.model.snapshot());
    expect(restarted.get(BOB)?.historyUpTo).toBe(5);
    expect(idsOf(await fetched(message(5, 'bob'), message(6, 'bob')))).toEqual(['bob-6']);
  });

  it('after a fetch brings the recall of a stored message, the feed still makes the event', async () => {
    const { changes, fetched } = await openDevice();
    const recalled = message(4, 'bob', { recalled: true, body: '' });
    expect(await fetched(recalled)).toEqual([]);
    expect(await changes('live', { messages: [{ conversationId: BOB, messages: [recalled] }] })).toEqual([
      { type: 'recalled', conversationId: BOB, messageId: 'bob-4' },
    ]);
  });

  it('a confirmed entry makes an event of its read receipts, without the refused receipts', async () => {
    const { writer, ports, answered } = await openDevice();
    await writer.write('read', STRICT, (draft) => sendReadReceipts(draft, ports, BOB, ['bob-2', 'bob-4', 'unknown'], {}));
    const news = await answered({ refused: [{ id: 'unknown', code: 'rejected/unknown-message' }] });
    expect(news[news.length - 1]).toEqual({
      type: 'receiptsConfirmed',
      conversationId: BOB,
      messageIds: ['bob-2', 'bob-4'],
      upTo: null,
    });
  });

  it('a confirmed conversation receipt names the newest covered message', async () => {
    const { writer, ports, answered } = await openDevice();
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, ports, BOB, {}));
    expect(await answered({})).toEqual([{ type: 'receiptsConfirmed', conversationId: BOB, messageIds: [], upTo: 4 }]);
  });
});
