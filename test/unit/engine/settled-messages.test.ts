import { describe, expect, it } from 'vitest';
import { type ConversationRow, emptyRow } from '../../../src/model/conversation.ts';
import { settledOf } from '../../../src/engine/queries/settled-messages.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { NO_PENDING_RECEIPTS, type PendingReceipts } from '../../../src/model/outbox-entry.ts';

describe('which messages need no notification any more', () => {
  const settled = (row: Partial<ConversationRow>, seqs: readonly number[], pending?: Partial<PendingReceipts>): readonly boolean[] => {
    const model = new AccountState('alice');
    const conversation = model.ensure('direct:bob');
    conversation.row = { ...emptyRow('direct:bob'), version: 1, latestSeq: 10, ...row };
    if (pending)
      conversation.put({
        kind: 'receipts',
        key: 'k',
        conversationId: 'direct:bob',
        cursor: null,
        at: 1,
        sent: false,
        pendingReceipts: { ...NO_PENDING_RECEIPTS, ...pending },
      } as unknown as Parameters<typeof conversation.put>[0]);
    return settledOf(
      model,
      seqs.map((seq) => ({ conversationId: 'direct:bob', seq })),
    );
  };

  it('messages up to the position are settled, with the position of another device and with a pending position', () => {
    expect(settled({ readUpTo: 5 }, [4, 5, 6])).toEqual([true, true, false]);
    expect(settled({ readUpTo: 2 }, [4, 5, 6], { position: 5 })).toEqual([true, true, false]);
    expect(settled({ joinedAt: 5 }, [5, 6])).toEqual([true, false]);
  });

  it('a message with a receipt, and an uncounted message, is settled', () => {
    expect(settled({ mine: { delivered: [], read: [[3, 4]], named: [[7, 7]] } }, [4, 5, 7])).toEqual([true, false, true]);
    expect(settled({}, [4, 5], { named: [[5, 5]] })).toEqual([false, true]);
    expect(settled({ uncounted: [[8, 8]] }, [8, 9])).toEqual([true, false]);
  });

  it('nothing uncertain is settled: a message above the row, an unknown chat, a message of a counted range', () => {
    // A pending position of a lost history.
    expect(settled({ latestSeq: 3 }, [3, 4], { position: 9 })).toEqual([true, false]);
    expect(settledOf(new AccountState('alice'), [{ conversationId: 'direct:bob', seq: 1 }])).toEqual([false]);
    expect(settled({ readUpTo: 1, counted: { at: 1, upTo: 9, count: 4 } }, [1, 2, 9, 10])).toEqual([true, false, false, false]);
  });
});
