import { describe, expect, it } from 'vitest';
import { readArrivals } from '../../../src/engine/intents/read-arrivals.ts';
import { readGroup } from '../../../src/engine/intents/read-group.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { setReceiptSettings } from '../../../src/engine/intents/switches.ts';
import { applyMessages, type News } from '../../../src/engine/apply/apply-messages.ts';
import { findAnywhere } from '../../../src/engine/present/find-message.ts';
import { presentReceipts } from '../../../src/engine/present/present-receipts.ts';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { endEntry } from '../../../src/engine/apply/end-entry.ts';
import { endRefused, expireAll } from '../../../src/engine/apply/refused-receipts.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { type ConversationRow, emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { StoredEvent } from '../../../src/model/api/event.ts';
import type { ReceiptsEntry } from '../../../src/model/outbox-entry.ts';
import type { WireMessage, WireReceiptChange } from '../../../src/protocol/changes.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { madeMessage as message } from '../../support/made-message.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const CREW = 'group:crew';
const STRICT = { durability: 'strict', readsPages: true } as const;

const portsOver = (disk: MemoryDisk) => quietPorts(createMemoryStore(disk));

const row = (latestSeq: number, more: Partial<ConversationRow> = {}): ConversationRow => ({
  ...emptyRow(CREW),
  version: latestSeq,
  latestSeq,
  present: [[1, latestSeq]],
  ...more,
});

const receiptsSent = (seq: number, more: Partial<WireReceiptChange> = {}): WireReceiptChange => ({
  conversationId: CREW,
  seq,
  id: `m${seq}`,
  readCount: 1,
  memberCount: 3,
  expired: false,
  ...more,
});

class Device {
  private at: string | null = null;
  private step = 0;
  readonly disk = new MemoryDisk();
  ports = portsOver(this.disk);
  writer!: Writer;

  /** A device of alice with these stored messages of the group. */
  static async holding(...messages: readonly WireMessage[]): Promise<Device> {
    const device = new Device();
    device.writer = await Writer.open(device.ports, 'alice');
    const latest = messages.reduce((seq, one) => Math.max(seq, one.seq), 0);
    await device.snapshot({ rows: [row(latest)], messages: [{ conversationId: CREW, messages: [...messages] }] });
    return device;
  }

  private frame(more: Partial<Frame<'changes'>>): Frame<'changes'> {
    const from = this.at;
    this.at = `c${++this.step}`;
    return { type: 'changes', from, to: this.at, rows: [], messages: [], steps: [], complete: true, ...more };
  }

  async snapshot(more: Partial<Frame<'changes'>>): Promise<void> {
    this.at = null;
    const frame = this.frame(more);
    await this.writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, this.ports, [frame], false));
  }

  async changes(news: News, more: Partial<Frame<'changes'>>): Promise<readonly StoredEvent[]> {
    const before = this.writer.model.eventCount;
    const frame = this.frame(more);
    expect(await this.writer.write('changes', STRICT, (draft) => applyChanges(draft, this.ports, frame, news))).toBe('applied');
    return this.writer.model.events.filter(({ number }) => number > before).map(({ event }) => event);
  }

  ack(messageIds: readonly string[], content?: string) {
    return this.writer.write('ack', STRICT, (draft) => sendReadReceipts(draft, this.ports, CREW, messageIds, { content }));
  }

  shown(id: string) {
    return this.writer.read('shown', async (model, tx) => {
      const found = await findAnywhere(tx, model, id);
      return found ? presentReceipts.stored(model, found.conversation, found.message) : null;
    });
  }

  get pendingReceipts() {
    return this.writer.model.get(CREW)!.pendingReceipts;
  }

  async restart(): Promise<void> {
    this.ports = portsOver(this.disk);
    this.writer = await Writer.open(this.ports, 'alice');
  }
}

const own = (seq: number, more: Partial<WireMessage> = {}) => message(seq, { senderId: 'alice', ...more });
const expired = { readCount: 0, memberCount: 0, expired: true };

describe('counts of group receipts', () => {
  it('the count of a group message is the same for any order of reports, in the log, in pages and after a restart', async () => {
    const device = await Device.holding(own(1), own(2));
    await device.changes('silent', { receipts: [receiptsSent(1, { readCount: 2 })] });
    await device.writer.compactLog();
    // Late and repeated counts change nothing. Newer counts replace those in the page.
    await device.changes('silent', { receipts: [receiptsSent(1, { readCount: 1 }), receiptsSent(2, { readCount: 3 })] });
    for (const moment of ['now', 'restarted', 'folded', 'folded and restarted']) {
      if (moment.startsWith('folded')) await device.writer.compactLog();
      if (moment.endsWith('restarted')) await device.restart();
      expect([moment, await device.shown('m1')]).toMatchObject([moment, { state: 'processing', readCount: 2, unreadCount: 1 }]);
      expect([moment, await device.shown('m2')]).toMatchObject([moment, { state: 'done', readCount: 3, unreadCount: 0 }]);
    }
  });

  it('a count that comes before its message waits and is merged into the message (F87)', async () => {
    const device = await Device.holding(own(1));
    await device.changes('silent', { rows: [row(2)], receipts: [receiptsSent(2, { readCount: 2 })] });
    await device.writer.write('late', STRICT, (draft) => applyMessages(draft, device.ports, CREW, [own(2)], 'silent'));
    expect(await device.shown('m2')).toMatchObject({ readCount: 2, unreadCount: 1 });
  });

  it('the device tells the readers of an own message together with `sent`, if they read the message before the device got the answer', async () => {
    const device = await Device.holding();
    await device.writer.write('send', STRICT, (draft) =>
      sendMessage(draft, device.ports, CREW, { id: 'm1', body: '"1"', requestReceipt: true }),
    );
    const [entry] = device.writer.model.outbox.values();
    await device.changes('live', { rows: [row(1)], receipts: [receiptsSent(1, { readers: [{ by: 'ben' }] })] });
    const before = device.writer.model.eventCount;
    await device.writer.write('settle', STRICT, (draft) =>
      endEntry(draft, device.ports, entry!, { outcome: 'confirmed', key: entry!.key, row: row(1), message: { seq: 1, sentAt: 5 } }),
    );
    expect(device.writer.model.events.filter(({ number }) => number > before).map(({ event }) => event)).toEqual([
      { type: 'sent', conversationId: CREW, messageId: 'm1', seq: 1 },
      { type: 'receiptStatistics', receipts: [{ conversationId: CREW, messageId: 'm1', readCount: 1, unreadCount: 2 }] },
    ]);
  });

  it('a count for an already stored message is merged into the message', async () => {
    const device = await Device.holding(own(1));
    const receipt = { readCount: 2, memberCount: 2, expired: false };
    await device.changes('silent', { messages: [{ conversationId: CREW, messages: [own(1, { receipt })] }] });
    expect(await device.shown('m1')).toMatchObject({ state: 'done', readCount: 2 });
  });

  it('no count is shown for a message stored by the server without receipts', async () => {
    const device = await Device.holding();
    await device.writer.write('sent', STRICT, (draft) => draft.change({ t: 'messages', conversationId: CREW, messages: [own(1)] }));
    expect(await device.shown('m1')).toMatchObject({ state: 'processing' });
    await device.changes('live', { rows: [row(1)], messages: [{ conversationId: CREW, messages: [own(1, { receiptRequested: false })] }] });
    expect(await device.shown('m1')).toMatchObject({ state: 'none' });
  });
});

describe('events of group receipts', () => {
  it('while live, each growth of an own message’s count makes one event, with the reader and the content of a single reader', async () => {
    const device = await Device.holding(own(1), message(2));
    expect(
      await device.changes('live', {
        receipts: [receiptsSent(1, { readers: [{ by: 'bob', content: 'on my way' }] }), receiptsSent(2, { readCount: 2 })],
      }),
    ).toEqual([
      {
        type: 'groupRead',
        conversationId: CREW,
        messageId: 'm1',
        readers: [{ by: 'bob', content: 'on my way' }],
        readCount: 1,
        unreadCount: 2,
      },
    ]);
    expect(await device.changes('live', { receipts: [receiptsSent(1)] })).toEqual([]);
    // If the policy shows counts of others' messages, the counts change the state and make no event.
    expect(await device.shown('m2')).toMatchObject({ readCount: 2, unreadCount: 1 });
  });

  it('during a catch-up, all counts together make one statistics event', async () => {
    const device = await Device.holding(own(1), own(2), own(3));
    expect(
      await device.changes('catch-up', {
        receipts: [receiptsSent(1), receiptsSent(1, { readCount: 2 }), receiptsSent(3, { readCount: 3 })],
      }),
    ).toEqual([
      {
        type: 'receiptStatistics',
        receipts: [
          { conversationId: CREW, messageId: 'm1', readCount: 2, unreadCount: 1 },
          { conversationId: CREW, messageId: 'm3', readCount: 3, unreadCount: 0 },
        ],
      },
    ]);
  });

  it('a catch-up in several frames makes one statistics event, with its last frame, also after a restart in between', async () => {
    const device = await Device.holding(own(1), own(2), own(3));
    expect(await device.changes('catch-up', { receipts: [receiptsSent(1)], complete: false })).toEqual([]);
    await device.writer.compactLog();
    device.writer = await Writer.open(device.ports, device.writer.model.me);
    expect(await device.changes('catch-up', { receipts: [receiptsSent(2, { readCount: 2 })], complete: false })).toEqual([]);
    expect(await device.changes('catch-up', { receipts: [receiptsSent(1, { readCount: 3 })] })).toEqual([
      {
        type: 'receiptStatistics',
        receipts: [
          { conversationId: CREW, messageId: 'm1', readCount: 3, unreadCount: 0 },
          { conversationId: CREW, messageId: 'm2', readCount: 2, unreadCount: 1 },
        ],
      },
    ]);
    expect(await device.changes('catch-up', {})).toEqual([]);
  });

  it('expiry makes one event for each conversation, with own messages and with messages not confirmed by this user', async () => {
    const device = await Device.holding(own(1), own(2), message(3), message(4), message(5), message(6, { receiptRequested: false }));
    await device.ack(['m4']);
    const receipts = [
      receiptsSent(1, { expired: true }),
      receiptsSent(2, { readCount: 3, expired: true }),
      ...[3, 4, 5, 6].map((seq) => receiptsSent(seq, seq === 5 ? { ...expired, expired: false } : expired)),
    ];
    const events = await device.changes('catch-up', { receipts });
    expect(events.filter(({ type }) => type === 'expired')).toEqual([{ type: 'expired', conversationId: CREW, messageIds: ['m1', 'm3'] }]);
    expect(await device.shown('m1')).toMatchObject({ state: 'expired', readCount: 1 });
    expect(await device.shown('m2')).toMatchObject({ state: 'done' });
    expect(await device.shown('m3')).toMatchObject({ state: 'expired' });
    expect(await device.changes('live', { receipts: receipts.slice(0, 3) })).toEqual([]);
  });
});

describe('sending receipts for group messages', () => {
  it('group receipts are queued for unread messages with a request, and each other message gets its reason', async () => {
    const device = await Device.holding(
      own(1),
      message(2),
      message(3, { receiptRequested: false }),
      message(4, { recalled: true, body: '' }),
      message(5),
      message(6),
      message(7),
    );
    await device.changes('live', {
      rows: [row(8, { version: 20, present: [[1, 6]], mine: { delivered: [], read: [], named: [[5, 5]] } })],
      receipts: [receiptsSent(6, expired)],
    });
    // Until this row came, alice was a member for all messages: seqs only grow.
    expect(device.writer.model.get(CREW)!.row.present).toEqual([[1, 7]]);
    expect(await device.ack(['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'far'], 'ok')).toEqual({
      queued: ['m2', 'far'],
      skipped: [
        { id: 'm1', reason: 'own' },
        { id: 'm3', reason: 'not-requested' },
        { id: 'm4', reason: 'recalled' },
        { id: 'm5', reason: 'already-acked' },
        { id: 'm6', reason: 'not-counted' },
      ],
    });
    expect(device.pendingReceipts).toMatchObject({
      position: 0,
      read: [],
      delivered: [],
      named: [[2, 2]],
      namedIds: ['far'],
      contents: [
        { id: 'far', text: 'ok' },
        { id: 'm2', text: 'ok' },
      ],
    });
    expect(await device.ack(['m2', 'far'])).toMatchObject({
      queued: [],
      skipped: [{ reason: 'already-acked' }, { reason: 'already-acked' }],
    });
    expect(await device.shown('m2')).toMatchObject({ state: 'pending' });
    expect(await device.shown('m5')).toMatchObject({ state: 'done' });
  });

  it('a message requests no receipt from a user who was not a member at its commit', async () => {
    const device = await Device.holding();
    await device.changes('live', {
      rows: [row(2, { joinedAt: 1, present: [[2, 2]] })],
      messages: [{ conversationId: CREW, messages: [message(1), message(2)] }],
    });
    expect(await device.ack(['m1', 'm2'])).toEqual({ queued: ['m2'], skipped: [{ id: 'm1', reason: 'not-counted' }] });
    expect(await device.shown('m1')).toMatchObject({ state: 'none' });
    expect(device.writer.model.get(CREW)!.unread.unreadCount).toBe(1);
  });

  it('unsent receipts are cancelled with their contents when the setting goes off, and no receipt is queued after that', async () => {
    const device = await Device.holding(message(1), message(2));
    await device.ack(['m1', 'far'], 'ok');
    await device.writer.write('off', STRICT, (draft) => setReceiptSettings(draft, device.ports, { readReceipts: false }));
    expect(device.pendingReceipts).toMatchObject({ named: [], namedIds: [], contents: [], untold: [[1, 1]] });
    expect(await device.ack(['m2'])).toEqual({ queued: [], skipped: [{ id: 'm2', reason: 'receipts-off' }] });
    await device.writer.write('view', STRICT, (draft) => readGroup(draft, device.ports, CREW));
    expect(device.pendingReceipts).toMatchObject({ position: 2, named: [], contents: [] });
  });

  it('a pending receipt for a recalled message ends superseded (F83)', async () => {
    const device = await Device.holding(message(1), message(2));
    await device.ack(['m1', 'm2'], 'ok');
    const recall = (seq: number) =>
      device.changes('live', { messages: [{ conversationId: CREW, messages: [message(seq, { recalled: true, body: '' })] }] });
    await recall(1);
    expect(device.pendingReceipts).toMatchObject({ named: [[2, 2]], contents: [{ id: 'm2', text: 'ok' }] });
    await recall(2);
    expect(device.writer.model.outbox.size).toBe(0);
    expect(device.writer.model.confirmed.all).toEqual([]);
  });
});

describe('the end of a group receipts entry', () => {
  const refuse = async (device: Device, refused: Parameters<typeof endRefused>[3]) => {
    const before = device.writer.model.eventCount;
    const ends: unknown[] = [];
    await device.writer.write('settle', STRICT, async (draft) => {
      const [entry] = draft.model.outbox.values();
      const noted = {
        ...draft,
        model: draft.model,
        change: (...changes: Parameters<typeof draft.change>) => {
          for (const change of changes) if (change.t === 'end') ends.push(change.end);
          draft.change(...changes);
        },
      };
      await endRefused(noted, device.ports, entry as ReceiptsEntry, refused);
    });
    return [ends, device.writer.model.events.filter(({ number }) => number > before).map(({ event }) => event)];
  };

  it('an entry whose receipts are all too late ends expired, and its messages show the expiry at once', async () => {
    const device = await Device.holding(message(1), message(2));
    await device.ack(['m1', 'm2']);
    const code = 'rejected/receipt-expired';
    expect(
      await refuse(device, [
        { id: 'm1', code },
        { id: 'm2', code },
      ]),
    ).toEqual([['expired'], [{ type: 'expired', conversationId: CREW, messageIds: ['m1', 'm2'] }]]);
    expect(await device.shown('m1')).toMatchObject({ state: 'expired' });
    expect(await device.ack(['m1'])).toMatchObject({ skipped: [{ id: 'm1', reason: 'not-counted' }] });
    expect(device.writer.model.outbox.size).toBe(0);
  });

  it('an entry of which some receipts are too late, or which has more to send, ends confirmed', async () => {
    const device = await Device.holding(message(1), message(2));
    await device.ack(['m1', 'm2']);
    expect((await refuse(device, [{ id: 'm1', code: 'rejected/receipt-expired' }]))[0]).toEqual(['confirmed']);
    await device.writer.write('view', STRICT, (draft) => readGroup(draft, device.ports, CREW));
    expect(device.pendingReceipts).toMatchObject({ position: 2, named: [[2, 2]] });
    expect((await refuse(device, [{ id: 'm2', code: 'rejected/receipt-expired' }]))[0]).toEqual(['confirmed']);
  });

  it('an entry whose messages are all recalled ends superseded, without an event (F83)', async () => {
    const device = await Device.holding(message(1));
    await device.ack(['m1']);
    expect(await refuse(device, [{ id: 'm1', code: 'rejected/message-recalled' }])).toEqual([['superseded'], []]);
  });

  it('an entry rejected as a whole for being late ends expired, without a dead letter', async () => {
    const device = await Device.holding(message(1));
    await device.ack(['m1', 'far']);
    await device.writer.write('settle', STRICT, async (draft) => {
      const [entry] = draft.model.outbox.values();
      await expireAll(draft, entry as ReceiptsEntry);
    });
    expect(device.writer.model.deadLetters).toEqual([]);
    expect(device.writer.model.outbox.size).toBe(0);
    expect(device.writer.model.events.at(-1)?.event).toEqual({ type: 'expired', conversationId: CREW, messageIds: ['m1', 'far'] });
  });
});

describe('reading a group in view', () => {
  it('viewing a group clears its unread count and queues receipts for messages with a request, in pages or not, up to the newest seen message', async () => {
    const device = await Device.holding(...Array.from({ length: 300 }, (_, i) => message(i + 1, { receiptRequested: i % 2 === 0 })));
    await device.writer.compactLog();
    await device.restart();
    await device.changes('live', {
      rows: [row(301)],
      messages: [{ conversationId: CREW, messages: [message(301)] }],
      receipts: [receiptsSent(5, expired)],
    });
    const view = (upTo?: string) => device.writer.write('view', STRICT, (draft) => readGroup(draft, device.ports, CREW, upTo));
    await view('m9');
    expect(device.pendingReceipts).toMatchObject({ position: 9, read: [], delivered: [], named: [1, 3, 7, 9].map((seq) => [seq, seq]) });
    await view();
    expect(device.pendingReceipts.position).toBe(301);
    expect(device.pendingReceipts.named).toHaveLength(150);
    expect(pickTotal(device.writer.model.totals)).toBe(0);
  });

  it('viewing a group with a long backlog queues receipts for the newest thousand messages', async () => {
    const device = await Device.holding(...Array.from({ length: 1500 }, (_, i) => message(i + 1)));
    await device.writer.write('view', STRICT, (draft) => readGroup(draft, device.ports, CREW));
    expect(device.pendingReceipts.named).toEqual([[501, 1500]]);
  });

  it('new messages in a viewed group are read, and no older message is', async () => {
    const device = await Device.holding(message(1), message(2), message(3, { receiptRequested: false }), own(4), message(5));
    const arrived = (after: number, upTo?: number) =>
      device.writer.write('view', STRICT, (draft) => readArrivals(draft, device.ports, CREW, after, upTo));
    expect(await arrived(1, 4)).toBe(4);
    expect(device.pendingReceipts).toMatchObject({ position: 4, named: [[2, 2]] });
    expect(await arrived(4)).toBe(5);
    expect(device.pendingReceipts).toMatchObject({
      position: 5,
      named: [
        [2, 2],
        [5, 5],
      ],
    });
    expect(await arrived(5)).toBe(5);
  });

  it('messages that arrive in view are read, although a compaction has moved them into a page', async () => {
    const device = await Device.holding(message(1), message(2), message(3));
    await device.writer.compactLog();
    expect(await device.writer.write('view', STRICT, (draft) => readArrivals(draft, device.ports, CREW, 1))).toBe(3);
    expect(device.pendingReceipts).toMatchObject({ position: 3, named: [[2, 3]] });
  });
});

describe('a server with another history', () => {
  it('recently confirmed entries are sent again to a server with another history: in order, under new keys, with the old cursor, once', async () => {
    const device = await Device.holding(message(1), message(2));
    const end = (key: string) => device.writer.write('end', STRICT, (draft) => draft.change({ t: 'end', key, end: 'confirmed' }));
    await device.ack(['m1']);
    const [first] = device.writer.model.outbox.values();
    await end(first!.key);
    await device.changes('live', { rows: [row(3)] });
    await device.ack(['m2'], 'later');
    await device.writer.compactLog();
    await device.restart();
    const [waiting] = device.writer.model.outbox.values();
    await device.snapshot({ rows: [row(2)] });
    for (const moment of ['now', 'restarted']) {
      if (moment === 'restarted') await device.restart();
      const [again, then, ...rest] = device.writer.model.outbox.values();
      expect(rest).toEqual([]);
      expect(again).toEqual({ ...first, key: again!.key, sent: true, again: true });
      expect(again!.key).not.toBe(first!.key);
      expect(again).toMatchObject({ cursor: 'c1' });
      expect(then).toMatchObject({ key: waiting!.key, sent: true });
    }
    expect(device.writer.model.confirmed.all).toEqual([]);
    await end([...device.writer.model.outbox.keys()][0]!);
    expect(device.writer.model.confirmed.all).toHaveLength(1);
  });

  it('no receipt forbidden by the settings is sent again to a server with another history', async () => {
    const device = await Device.holding(message(1), message(2));
    await device.ack(['m1']);
    await device.writer.write('end', STRICT, (draft) => {
      for (const key of [...draft.model.outbox.keys()]) draft.change({ t: 'end', key, end: 'confirmed' });
    });
    await device.writer.write('off', STRICT, (draft) => setReceiptSettings(draft, device.ports, { readReceipts: false }));
    await device.snapshot({ rows: [row(2)] });
    expect(device.writer.model.outbox.size).toBe(0);
  });
});
