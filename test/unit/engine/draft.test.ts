import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { applyChange, applyRecord } from '../../../src/engine/state/apply-change.ts';
import { nothingDirty } from '../../../src/engine/state/dirty.ts';
import { listConversations } from '../../../src/engine/present/list-conversations.ts';
import { presentConversation } from '../../../src/engine/present/present-conversation.ts';
import { LayeredMap } from '../../../src/engine/state/layered-map.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { setMuted } from '../../../src/engine/intents/switches.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Change, KeptMessage } from '../../../src/log/log-record.ts';
import { emptyRow, type FirstPaint } from '../../../src/model/conversation/conversation.ts';
import { setFlag, UNSET } from '../../../src/model/registers/flag.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import { NO_PENDING_RECEIPTS, type OutboxEntry } from '../../../src/model/outbox-entry.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { checkCounts } from '../../support/check-counts.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { ALL_ON } from '../../../src/model/message/receipt-settings.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const CHATS = ['direct:ann', 'direct:bob', 'group:all'] as const;

const chat = fc.constantFrom(...CHATS);
const ALL_SEQS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const seq = fc.constantFrom(...ALL_SEQS);
const key = fc.constantFrom('k1', 'k2', 'k3', 'k4');
const on = fc.boolean();
const cursor = fc.constantFrom('c1', 'c2');

const message = (of: string, n: number, recalled: boolean): KeptMessage => ({
  id: `${of}-${n}`,
  seq: n,
  senderId: n % 3 === 0 ? 'me' : 'ann',
  sentAt: n,
  body: recalled ? '' : '"hello"',
  receiptRequested: true,
  countable: true,
  recalled,
});

const entry: fc.Arbitrary<OutboxEntry> = fc.oneof(
  fc.record({ key, conversationId: chat, sent: on, seq }).map(({ key, conversationId, sent, seq }) => ({
    kind: 'receipts' as const,
    key,
    conversationId,
    at: seq,
    sent,
    cursor: null,
    pendingReceipts: { ...NO_PENDING_RECEIPTS, position: seq },
  })),
  fc.record({ key, conversationId: chat, sent: on, seq }).map(({ key, conversationId, sent, seq }) => {
    const { id, body, receiptRequested, countable } = message(conversationId, seq, false);
    return {
      kind: 'message' as const,
      key,
      conversationId,
      at: seq,
      sent,
      cursor: null,
      message: { id, body, receiptRequested, countable },
    };
  }),
  fc.record({ key, conversationId: chat, sent: on, seq }).map(({ key, conversationId, sent, seq }) => ({
    kind: 'recall' as const,
    key,
    conversationId,
    at: seq,
    sent,
    cursor: null,
    messageId: `${conversationId}-${seq}`,
  })),
);

const rowOf = (of: ConversationId, n: number) => ({
  ...emptyRow(of),
  version: n,
  latestSeq: n,
  readUpTo: n - 1,
  lastMessage: message(of, n, false),
});

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ of: chat, seq, on }).map(({ of, seq, on }): Change => ({ t: 'row', row: rowOf(of, seq), ...(on ? { ahead: true } : {}) })),
  fc.record({ of: chat, seq, cursor }).map(({ of, seq, cursor }): Change => ({
    t: 'restore',
    cursor,
    confirmedAt: null,
    asOf: null,
    account: ALL_ON,
    conversations: [{ row: rowOf(of, seq), readFloor: seq, deliveryFloor: seq, newestReceived: seq }],
  })),
  fc.record({ on, count: fc.nat(3) }).map(({ on, count }): Change => ({
    t: 'account',
    settings: { ...ALL_ON, readReceipts: { count, value: on } },
  })),
  fc.constant<Change>({ t: 'reset' }),
  fc.record({ of: chat, seqs: fc.array(seq, { minLength: 1, maxLength: 4 }), on }).map(({ of, seqs, on }): Change => ({
    t: 'messages',
    conversationId: of,
    messages: [...new Set(seqs)].map((n) => message(of, n, on)),
    ...(on ? {} : { news: [[1, 5]] }),
  })),
  fc.record({ of: chat, seq }).map(({ of, seq }): Change => ({ t: 'evict', conversationId: of, seqs: [[seq, seq]] })),
  fc
    .record({ of: chat, seq })
    .map(({ of, seq }): Change => ({ t: 'step', step: { conversationId: of, by: 'ann', kind: 'read', range: [seq, seq], at: seq } })),
  fc.record({ of: chat, seq, on }).map(({ of, seq, on }): Change => ({
    t: 'counts',
    conversationId: of,
    receipts: [{ seq, readCount: seq, memberCount: 9, expired: on }],
  })),
  fc.record({ cursor, on }).map(({ cursor, on }): Change => ({ t: 'cursor', cursor, ...(on ? { ahead: true } : {}) })),
  cursor.map((cursor): Change => ({ t: 'confirmed-at', cursor })),
  entry.map((entry): Change => ({ t: 'enqueue', entry })),
  fc.record({ of: chat, key, over: fc.option(key, { nil: undefined }), seq, on }).map(({ of, key, over, seq, on }): Change => ({
    t: 'receipts',
    conversationId: of,
    key,
    pendingReceipts: { position: seq, muted: setFlag(UNSET, on) },
    ...(over === undefined ? {} : { over }),
  })),
  fc.array(key).map((keys): Change => ({ t: 'sent', keys })),
  fc.record({ key, end: fc.constantFrom('confirmed', 'rejected') }).map(({ key, end }): Change => ({
    t: 'end',
    key,
    end: end as 'confirmed',
    ...(end === 'rejected'
      ? { deadLetter: { id: key, kind: 'receipts', conversationId: 'direct:ann', messageIds: [], code: 'rejected/unsupported', at: 1 } }
      : {}),
  })),
  fc.uniqueArray(key).map((keys): Change => ({ t: 'offer-again', keys: keys.map((key) => [key, `${key}-again`]) })),
  fc.record({ readReceipts: on, deliveryReceipts: on }).map((settings): Change => ({ t: 'settings', settings })),
  on.map((paused): Change => ({ t: 'paused', paused })),
  seq.map((upTo): Change => ({ t: 'event', event: { type: 'storageLost', count: upTo } })),
  seq.map((upTo): Change => ({ t: 'heard', upTo })),
  key.map((id): Change => ({ t: 'dismiss', id })),
);

/** All readable parts of a state. */
const readAll = (state: AccountState) =>
  structuredClone({
    snapshot: { ...state.snapshot(), version: 0 },
    total: pickTotal(state.totals),
    unflushedCount: state.unflushedCount,
    outboxSize: state.outbox.size,
    conversations: [...state.conversations.values()].map((conversation) => [
      conversation.unread,
      conversation.pendingReceipts,
      conversation.receipts,
      conversation.pending,
      conversation.recalls,
      ALL_SEQS.map((n) => conversation.unflushed.find(`${conversation.id}-${n}`)?.seq),
      [...conversation.unflushed.pagesUpTo(Infinity, conversation.storedSeqs)].map((page) => conversation.unflushed.onPage(page)),
    ]),
  });

describe('a draft', () => {
  it('a draft with any changes leaves the state alone, and reads like the state that takes them and like one that applies its record', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ changes: fc.array(change, { maxLength: 12 }), isCommitted: on }), { maxLength: 6 }), (drafts) => {
        const state = new AccountState('me');
        const follower = new AccountState('me');
        let version = 0;
        for (const { changes, isCommitted } of drafts) {
          const before = readAll(state);
          const model = state.fork();
          model.version = version + 1;
          for (const change of changes) applyChange(model, change, nothingDirty());
          const drafted = readAll(model);
          expect(readAll(state)).toEqual(before);
          if (!isCommitted) continue;
          version++;
          applyRecord(follower, { version, changes }, nothingDirty());
          expect(readAll(follower)).toEqual(drafted);
          state.adopt(model);
          expect(readAll(state)).toEqual(drafted);
          checkCounts(state);
          checkCounts(follower);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('a decision sees its own changes of a conversation, also if the decision took the conversation before the change', () => {
    const state = new AccountState('me');
    applyChange(state, { t: 'row', row: rowOf('direct:ann', 4) }, nothingDirty());
    const draft = state.fork();
    const conversation = draft.get('direct:ann')!;
    applyChange(draft, { t: 'row', row: rowOf('direct:ann', 7) }, nothingDirty());
    expect(conversation.row.latestSeq).toBe(7);
    expect(state.get('direct:ann')!.row.latestSeq).toBe(4);
  });
});

describe('what lists and counts show', () => {
  const shown = (state: AccountState) =>
    structuredClone({
      totals: state.totals,
      list: listConversations(state, { limit: 50 }).map((conversation) => presentConversation(state, conversation)),
    });

  it('a change that marks nothing as shown changes no list and no count', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const state = new AccountState('me');
        for (const one of changes) {
          const before = shown(state);
          const dirty = nothingDirty();
          applyChange(state, one, dirty);
          if (!dirty.shown) expect(shown(state)).toEqual(before);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('messages below the last message mark nothing as shown', () => {
    const state = new AccountState('me');
    applyChange(state, { t: 'row', row: rowOf('direct:ann', 4) }, nothingDirty());
    const marks = [[2], [3, 4], [1]].map((seqs) => {
      const dirty = nothingDirty();
      const messages = seqs.map((n) => message('direct:ann', n, false));
      applyChange(state, { t: 'messages', conversationId: 'direct:ann', messages }, dirty);
      return [dirty.shown, [...dirty.conversations]];
    });
    expect(marks).toEqual([
      [false, ['direct:ann']],
      [true, ['direct:ann']],
      [false, ['direct:ann']],
    ]);
  });
});

describe('a map laid over another map', () => {
  it('an overlaid map behaves like a copy of the map below, in the same order, and leaves the map below unchanged until it settles', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key: seq, value: fc.integer() }),
      fc.record({ do: fc.constantFrom('delete' as const, 'get' as const), key: seq }),
      fc.record({ do: fc.constant('clear' as const) }),
    );
    const entries = fc.uniqueArray(fc.tuple(seq, fc.integer()), { selector: ([key]) => key });
    fc.assert(
      fc.property(entries, fc.array(action), (given, actions) => {
        const below = new Map(given);
        const copy = new Map(given);
        const layered = new LayeredMap(below, (value) => value);
        for (const action of actions) {
          if (action.do === 'set')
            expect(layered.set(action.key, action.value).get(action.key)).toBe(copy.set(action.key, action.value).get(action.key));
          else if (action.do === 'delete') expect(layered.delete(action.key)).toBe(copy.delete(action.key));
          else if (action.do === 'get') expect(layered.get(action.key)).toBe(copy.get(action.key));
          else {
            layered.clear();
            copy.clear();
          }
          expect([...layered]).toEqual([...copy]);
          expect([...layered.keys()]).toEqual([...copy.keys()]);
          expect([...layered.values()]).toEqual([...copy.values()]);
          expect(layered.size).toBe(copy.size);
          for (let key = 1; key <= 9; key++) expect(layered.has(key)).toBe(copy.has(key));
        }
        expect([...below]).toEqual(given);
        layered.settle();
        expect([...below]).toEqual([...copy]);
        expect([...layered]).toEqual([...copy]);
      }),
    );
  });
});

describe('while a transaction is under way', () => {
  const RELAXED = { durability: 'relaxed' } as const;

  const opened = async (store: StorePort = createMemoryStore()) => {
    const given = quietPorts(store);
    const writer = await Writer.open(given, 'me');
    await writer.write('rows', RELAXED, (draft) => draft.change({ t: 'row', row: rowOf('direct:ann', 4) }, { t: 'cursor', cursor: 'c1' }));
    await writer.refresh();
    return { given, writer };
  };

  it('during a transaction the state shows no change of the decision, and each reader outside the writer gets committed values (I-15)', async () => {
    const { given, writer } = await opened();
    let decided: () => void = () => undefined;
    const isDecided = new Promise<void>((resolve) => (decided = resolve));
    let commit: () => void = () => undefined;
    const mayCommit = new Promise<void>((resolve) => (commit = resolve));
    const muted = writer.write('mute', RELAXED, async (draft) => {
      setMuted(draft, given, 'direct:ann', true);
      draft.change({ t: 'cursor', cursor: 'c2' });
      expect(pickTotal(draft.model.totals)).toBe(0);
      decided();
      await mayCommit;
    });
    await isDecided;
    const { totals, cursor, outbox, version } = writer.model;
    expect({ total: pickTotal(totals), cursor, pending: outbox.size, version }).toEqual({
      total: 1,
      cursor: 'c1',
      pending: 0,
      version: 1,
    });
    commit();
    await muted;
    expect(pickTotal(writer.model.totals)).toBe(0);
    expect(writer.model.cursor).toBe('c2');
  });

  it('a compaction during a transaction moves no message of a decision if the transaction fails later', async () => {
    const { writer } = await opened();
    let compaction: Promise<void> = Promise.resolve();
    const failing = writer.write('messages', RELAXED, (draft) => {
      draft.change({ t: 'messages', conversationId: 'direct:ann', messages: [message('direct:ann', 5, false)] });
      compaction = writer.compactLog();
      throw new StoreError('store/unavailable', 'the disk failed');
    });
    await expect(failing).rejects.toMatchObject({ code: 'store/unavailable' });
    await compaction;
    expect(writer.model.compactedUpTo).toBe(1);
    expect(writer.model.get('direct:ann')!.storedSeqs).toEqual([]);
    const pages = await writer.read('look', (_model, tx) => tx.range('pages', { from: ['direct:ann', 0], upTo: ['direct:ann', 99] }));
    expect(pages).toEqual([]);
  });

  it('after a loss of the history, the id of a lost message finds no message that has its place now', async () => {
    const { writer } = await opened();
    const store = (messages: KeptMessage[], ...first: Change[]) =>
      writer.write('messages', RELAXED, (draft) => {
        draft.change(...first, { t: 'messages', conversationId: 'direct:ann', messages });
        return draft.model.get('direct:ann')!.unflushed.find('direct:ann-5')?.id;
      });
    expect(await store([message('direct:ann', 5, false)])).toBe('direct:ann-5');
    expect(writer.model.get('direct:ann')!.unflushed.find('direct:ann-5')?.seq).toBe(5);
    expect(await store([{ ...message('direct:ann', 5, false), id: 'other' }], { t: 'reset' })).toBeUndefined();
    const { unflushed } = writer.model.get('direct:ann')!;
    expect([unflushed.find('direct:ann-5'), unflushed.find('other')?.seq]).toEqual([undefined, 5]);
  });

  it('the next transaction repeats the first paint of a failed transaction', async () => {
    const inner = createMemoryStore();
    let failing = false;
    const { given, writer } = await opened({
      ...inner,
      tx: (name, tables, mode, durability, body) =>
        inner.tx(name, tables, mode, durability, async (tx) => {
          const result = await body(tx);
          if (failing && mode === 'readwrite') throw new StoreError('store/quota-exceeded', 'full');
          return result;
        }),
    });
    const mute = () => writer.write('mute', RELAXED, (draft) => setMuted(draft, given, 'direct:ann', true));
    failing = true;
    await expect(mute()).rejects.toMatchObject({ code: 'store/quota-exceeded' });
    failing = false;
    await mute();
    const paint = (await inner.tx('look', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', 'paint'))) as FirstPaint;
    expect(paint).toMatchObject({ totals: { messages: { direct: 0 } }, conversations: [{ muted: true }] });
  });
});
