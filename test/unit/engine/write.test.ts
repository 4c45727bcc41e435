import { describe, expect, it } from 'vitest';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { FencedError } from '../../../src/engine/write/log-header.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { clearConversationUnreadCount, sendConversationReadReceipt } from '../../../src/engine/intents/positions.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { setMuted, setReceiptSettings } from '../../../src/engine/intents/switches.ts';
import { presentConversation } from '../../../src/engine/present/present-conversation.ts';
import { SNAPSHOT_KEY } from '../../../src/log/tables.ts';
import { StoreError } from '../../../src/errors.ts';
import { emptyRow, type FirstPaint } from '../../../src/model/conversation/conversation.ts';
import type { StoredMessage } from '../../../src/model/message/message.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { checkCounts } from '../../support/check-counts.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

const message = (seq: number, senderId = 'bob'): StoredMessage => ({
  id: `m${seq}`,
  seq,
  senderId,
  sentAt: seq,
  body: `"${seq}"`,
  receiptRequested: true,
  countable: true,
  recalled: false,
});

/** A changes frame of the server with bob's messages `from` to `upTo`. */
const step = (from: number, upTo: number, cursor: string | null): Frame<'changes'> => ({
  type: 'changes',
  from: cursor,
  to: `c${upTo}`,
  rows: [{ ...emptyRow('direct:bob'), version: upTo, latestSeq: upTo }],
  messages: [{ conversationId: 'direct:bob', messages: Array.from({ length: upTo - from + 1 }, (_, i) => message(from + i)) }],
  steps: [],
  complete: true,
});

const openAt = async (store: StorePort) => {
  const given = quietPorts(store);
  const writer = await Writer.open(given, 'alice');
  return { given, writer };
};

const filled = async (count = 10) => {
  const disk = new MemoryDisk();
  const { given, writer } = await openAt(createMemoryStore(disk));
  await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [step(1, count, null)], false));
  return { disk, given, writer };
};

const state = (writer: Writer) => {
  const { snapshot } = { snapshot: writer.model.snapshot() };
  return { ...snapshot, version: 0 };
};

describe('the writer', () => {
  it('the writer runs all decisions of one turn in one transaction, and answers each caller', async () => {
    const { writer, given, disk } = await filled();
    const before = writer.model.version;
    const queued = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        writer.write('read', STRICT, (draft) => sendReadReceipts(draft, given, 'direct:bob', [`m${i + 1}`])),
      ),
    );
    expect(queued.map((result) => result.queued)).toEqual(Array.from({ length: 10 }, (_, i) => [`m${i + 1}`]));
    expect(writer.model.version - before).toBe(1);
    expect(writer.model.get('direct:bob')!.unsent?.pendingReceipts.named).toEqual([[1, 10]]);
    expect([...writer.model.outbox.values()].filter(({ kind }) => kind === 'receipts')).toHaveLength(1);
    expect((await openAt(createMemoryStore(disk))).writer.model.outbox.size).toBe(1);
  });

  it('the writer rejects only the caller of the failed decision', async () => {
    const { writer, given } = await filled();
    const [good, bad] = await Promise.allSettled([
      writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob')),
      writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob', 'unknown')),
    ]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'usage/unknown-message' } });
    expect(writer.model.get('direct:bob')!.unread.unreadCount).toBe(0);
  });

  it('listeners get the changes of another tab although the reading transaction failed at its end (I-15)', async () => {
    const { disk, given, writer } = await filled();
    const inner = createMemoryStore(disk);
    let failing = true;
    const other = await openAt({
      ...inner,
      tx: async (name, tables, mode, durability, body) => {
        const result = await inner.tx(name, tables, mode, durability, body);
        if (name === 'refresh' && failing) throw new StoreError('store/unavailable', 'the connection was lost');
        return result;
      },
    });
    const receiptsSent: number[] = [];
    other.writer.onChange(({ outbox }) => outbox && receiptsSent.push(other.writer.model.outbox.size));
    await writer.write('say', STRICT, (draft) => sendMessage(draft, given, 'direct:bob', { body: '"hi"' }));
    const pendingReceipts = writer.model.outbox.size;
    await expect(other.writer.refresh()).rejects.toMatchObject({ code: 'store/unavailable' });
    failing = false;
    await other.writer.refresh();
    expect(receiptsSent).toEqual([pendingReceipts]);
  });

  it('a failed transaction changes nothing, and no view shows its changes (I-1)', async () => {
    const disk = new MemoryDisk();
    const inner = createMemoryStore(disk);
    let failing = false;
    const store: StorePort = {
      ...inner,
      tx: (name, tables, mode, durability, body) =>
        inner.tx(name, tables, mode, durability, async (tx) => {
          const result = await body(tx);
          if (failing && mode === 'readwrite') throw new StoreError('store/quota-exceeded', 'full');
          return result;
        }),
    };
    const { writer, given } = await openAt(store);
    await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [step(1, 3, null)], false));
    failing = true;
    const clear = () => writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob'));
    await expect(clear()).rejects.toMatchObject({ code: 'store/quota-exceeded' });
    expect(pickTotal(writer.model.totals)).toBe(3);
    failing = false;
    await clear();
    expect(pickTotal(writer.model.totals)).toBe(0);
  });

  it('I-19: a write with an older leader’s fencing token changes nothing', async () => {
    const { writer, given, disk } = await filled(1);
    const old = await writer.takeFence();
    const other = await Writer.open(quietPorts(createMemoryStore(disk)), 'alice');
    const fence = await other.takeFence();
    await expect(
      writer.write('apply', { durability: 'relaxed', fence: old }, (draft) => applyChanges(draft, given, step(2, 5, 'c1'), 'live')),
    ).rejects.toBeInstanceOf(FencedError);
    await other.write('apply', { durability: 'relaxed', fence }, (draft) => applyChanges(draft, given, step(2, 3, 'c1'), 'live'));
    await writer.refresh();
    expect(pickTotal(writer.model.totals)).toBe(3);
  });

  it('I-17: a frame that starts elsewhere than at the stored cursor is a gap and is not stored (F69)', async () => {
    const { writer, given } = await filled(2);
    const outcome = await writer.write('apply', STRICT, (draft) => applyChanges(draft, given, step(5, 6, 'c4'), 'live'));
    expect(outcome).toBe('gap');
    expect(pickTotal(writer.model.totals)).toBe(2);
    expect(writer.model.cursor).toBe('c2');
  });

  it('two tabs end simultaneous writes with the union of their receipts and the maximum of their positions', async () => {
    const { disk } = await filled(8);
    const tabs = await Promise.all([1, 2, 3].map(() => openAt(createMemoryStore(disk))));
    await Promise.all(
      tabs.flatMap(({ writer, given }, i) => [
        writer.write('read', STRICT, (draft) => sendReadReceipts(draft, given, 'direct:bob', [`m${i + 1}`, `m${i + 4}`])),
        writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob', `m${i + 2}`)),
      ]),
    );
    for (const { writer } of tabs) {
      await writer.refresh();
      expect(writer.model.get('direct:bob')!.pendingReceipts).toMatchObject({ position: 4, named: [[1, 6]] });
      expect(pickTotal(writer.model.totals)).toBe(4);
      checkCounts(writer.model);
    }
  });
});

describe('compacting the log', () => {
  it('compaction keeps the state and the messages, and a tab behind the log catches up', async () => {
    const { writer, given, disk } = await filled(300);
    const behind = await openAt(createMemoryStore(disk));
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob', { upTo: 'm200' }));
    await writer.write('step', STRICT, (draft) =>
      draft.change(
        { t: 'messages', conversationId: 'direct:bob', messages: [message(301, 'alice')] },
        {
          t: 'step',
          step: { conversationId: 'direct:bob', by: 'bob', kind: 'delivered', range: [301, 301], at: 7 },
        },
      ),
    );
    const before = state(writer);
    const shown = await readShownMessages(writer, 'direct:bob', 400);
    await writer.compactLog();
    expect(state(writer)).toEqual(before);
    expect(writer.model.unflushedCount).toBe(0);
    expect([...disk.tables.get('log')!.keys()]).toEqual([]);
    expect(await readShownMessages(writer, 'direct:bob', 400)).toEqual(shown);
    expect(shown).toHaveLength(301);

    await behind.writer.refresh();
    expect(state(behind.writer)).toEqual(before);
    const again = await openAt(createMemoryStore(disk));
    expect(state(again.writer)).toEqual(before);
    expect(await readShownMessages(again.writer, 'direct:bob', 400)).toEqual(shown);
  });

  it('a compacted store holds the last message of a conversation once, and the next tab shows it', async () => {
    const { disk, given, writer } = await filled();
    const row = { ...emptyRow('direct:bob'), version: 11, latestSeq: 10, lastMessage: message(10) };
    await writer.write('row', STRICT, (draft) => applyChanges(draft, given, { ...step(11, 10, 'c10'), rows: [row] }, 'live'));
    await writer.compactLog();
    const snapshot = await given.store.tx('look', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', SNAPSHOT_KEY));
    expect(String(snapshot).split('"m10"')).toHaveLength(2);
    const other = await openAt(createMemoryStore(disk));
    const conversation = other.writer.model.get('direct:bob')!;
    expect(presentConversation(other.writer.model, conversation).lastMessage).toMatchObject({ id: 'm10', body: '10' });
  });

  it('I-18: after a crash at any transaction boundary of a compaction, the state and the messages are the same', async () => {
    const { writer, given, disk } = await filled(150);
    await writer.write('send', STRICT, (draft) => sendMessage(draft, given, 'direct:bob', { body: '"hi"' }));
    const before = state(writer);
    const shown = await readShownMessages(writer, 'direct:bob', 400);
    const boundaries: MemoryDisk[] = [];
    const store = createMemoryStore(disk);
    const watched: StorePort = {
      ...store,
      tx: async (name, tables, mode, durability, body) => {
        const result = await store.tx(name, tables, mode, durability, body);
        const copy = new MemoryDisk();
        for (const [table, rows] of disk.tables) for (const [key, row] of rows) copy.tables.get(table)!.set(key, row);
        boundaries.push(copy);
        return result;
      },
    };
    const folding = await openAt(watched);
    await folding.writer.compactLog();
    expect(boundaries.length).toBeGreaterThan(2);
    for (const crashed of boundaries) {
      const again = await openAt(createMemoryStore(crashed));
      expect(state(again.writer)).toEqual(before);
      expect(await readShownMessages(again.writer, 'direct:bob', 400)).toEqual(shown);
    }
  });
});

describe('receipts to senders', () => {
  it('I-6: switching receipts off cancels unsent receipts and keeps their positions, and switching them on sends no receipt about the past', async () => {
    const { writer, given } = await filled(5);
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    await writer.write('off', STRICT, (draft) => setReceiptSettings(draft, given, { readReceipts: false }));
    expect(writer.model.get('direct:bob')!.pendingReceipts).toMatchObject({ position: 5, read: [], delivered: [[1, 5]] });
    await writer.write('apply', STRICT, (draft) => applyChanges(draft, given, step(6, 8, 'c5'), 'live'));
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts).toMatchObject({ position: 8, read: [] });
    await writer.write('on', STRICT, (draft) => setReceiptSettings(draft, given, { readReceipts: true }));
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts.read).toEqual([]);
    await writer.write('apply', STRICT, (draft) => applyChanges(draft, given, step(9, 9, 'c8'), 'live'));
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts.read).toEqual([[9, 9]]);
  });

  it('a cleared chat still sends its read receipt: the receipts sent so far decide, not the count', async () => {
    const { writer, given } = await filled(3);
    await writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts.read).toEqual([]);
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts.read).toEqual([[1, 3]]);
  });

  it('I-5: a conversation read receipt reaches the newest stored message, and the read position the newest known message', async () => {
    const { writer, given } = await filled(3);
    const summary = { ...step(4, 3, 'c3'), to: 'c9', rows: [{ ...emptyRow('direct:bob'), version: 9, latestSeq: 9 }], messages: [] };
    await writer.write('apply', STRICT, (draft) => applyChanges(draft, given, summary, 'live'));
    expect(pickTotal(writer.model.totals)).toBe(9);
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob'));
    expect(writer.model.get('direct:bob')!.pendingReceipts).toMatchObject({ position: 9, read: [[1, 3]] });
    expect(pickTotal(writer.model.totals)).toBe(0);
  });

  it('with `keepUnread` the peer gets the receipt and the unread count stays', async () => {
    const { writer, given } = await filled(3);
    await writer.write('read', STRICT, (draft) => sendConversationReadReceipt(draft, given, 'direct:bob', { keepUnread: true }));
    expect(writer.model.get('direct:bob')!.pendingReceipts).toMatchObject({ position: 0, read: [[1, 3]] });
    expect(pickTotal(writer.model.totals)).toBe(3);
  });

  it('the first paint follows the store, also after another tab painted', async () => {
    const { disk, given, writer } = await filled();
    const other = await openAt(createMemoryStore(disk));
    const painted = () =>
      given.store.tx('look', ['meta'], 'readonly', 'relaxed', async (tx) => (await tx.get('meta', 'paint')) as FirstPaint);
    await writer.write('mute', STRICT, (draft) => setMuted(draft, given, 'direct:bob', true));
    expect(pickTotal((await painted()).totals)).toBe(0);
    await other.writer.write('unmute', STRICT, (draft) => setMuted(draft, other.given, 'direct:bob', false));
    expect(pickTotal((await painted()).totals)).toBe(10);
    await writer.write('mute', STRICT, (draft) => setMuted(draft, given, 'direct:bob', true));
    expect(await painted()).toMatchObject({ totals: { messages: { direct: 0 } }, conversations: [{ muted: true }] });
  });

  it('a receipt does not rewrite the first paint, because no list shows receipts', async () => {
    const { given, writer } = await filled();
    const paint = await given.store.tx('look', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', 'paint'));
    await given.store.tx('mark', ['meta'], 'readwrite', 'relaxed', async (tx) => tx.put('meta', 'paint', 'as it was'));
    await writer.write('read', STRICT, (draft) => sendReadReceipts(draft, given, 'direct:bob', ['m3']));
    expect(paint).not.toBe('as it was');
    expect(await given.store.tx('look', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', 'paint'))).toBe('as it was');
  });

  it('every entry has a key of its own, whichever tab and transaction made it', async () => {
    const { disk, given, writer } = await filled();
    const tabs = [{ given, writer }, await openAt(createMemoryStore(disk)), await openAt(createMemoryStore(disk))];
    const before = writer.model.outbox.size;
    let chats = 0;
    for (const tab of [...tabs, ...tabs]) {
      const mute = () => tab.writer.write('mute', STRICT, (draft) => setMuted(draft, tab.given, `direct:peer-${++chats}`, true));
      await Promise.all([mute(), mute()]);
    }
    expect(tabs[2]!.writer.model.outbox.size).toBe(before + 12);
  });

  it('message ids are found in hundreds of conversations at once, and not in pages of another history', async () => {
    const { given, writer, disk } = await filled(1);
    const peers = Array.from({ length: 100 }, (_, i) => `p${i}`);
    const feed = (seqs: number, prefix: string): Frame<'changes'> => ({
      ...step(1, 1, null),
      rows: peers.map((peer) => ({ ...emptyRow(`direct:${peer}`), version: 1, latestSeq: seqs })),
      messages: peers.map((peer) => ({
        conversationId: `direct:${peer}`,
        messages: Array.from({ length: seqs }, (_, i) => ({ ...message(i + 1, peer), id: `${prefix}-${peer}-${i + 1}` })),
      })),
    });
    await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, given, [feed(200, 'old')], false));
    await writer.compactLog();
    const again = await openAt(createMemoryStore(disk));
    const read = (prefix: string, place: number) =>
      Promise.all(
        peers.map((peer) => {
          const ids = [`${prefix}-${peer}-${place}`];
          return again.writer.write('read', { ...STRICT, lookup: { conversationId: `direct:${peer}`, ids } }, (draft) =>
            sendReadReceipts(draft, again.given, `direct:${peer}`, ids),
          );
        }),
      );
    expect((await read('old', 7)).every(({ queued }) => queued.length === 1)).toBe(true);
    for (const peer of peers)
      expect(again.writer.model.get(`direct:${peer}`)!.pendingReceipts).toMatchObject({ named: [[7, 7]], namedIds: [] });

    await again.writer.write('snapshot', STRICT, (draft) => {
      draft.change({ t: 'reset' });
      return applySnapshot(draft, again.given, [feed(2, 'new')], false);
    });
    await again.writer.compactLog();
    await Promise.all([read('old', 9), read('new', 2)]);
    // The old message with seq 9 is not stored any more: the server resolves its id.
    expect(again.writer.model.get('direct:p5')!.pendingReceipts).toMatchObject({
      named: [
        [2, 2],
        [7, 7],
      ],
      namedIds: ['old-p5-9'],
    });
  });
});
