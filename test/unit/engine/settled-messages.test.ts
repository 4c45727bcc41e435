import { describe, expect, it } from 'vitest';
import { type ConversationRow, emptyRow } from '../../../src/model/conversation/conversation.ts';
import { settledOf } from '../../../src/engine/queries/settled-messages.ts';
import type { Writer } from '../../../src/engine/write/writer.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { NO_PENDING_RECEIPTS, type PendingReceipts } from '../../../src/model/outbox-entry.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { openDevice } from '../../support/on-tab.ts';

/** A writer over a state without stored messages. */
const writerOf = (model: AccountState): Pick<Writer, 'read'> => ({ read: (_, body) => body(model, {} as Parameters<typeof body>[1]) });

describe('which messages need no notification any more', () => {
  const settled = (
    row: Partial<ConversationRow>,
    seqs: readonly number[],
    pending?: Partial<PendingReceipts>,
  ): Promise<readonly boolean[]> => {
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
      writerOf(model),
      seqs.map((seq) => ({ conversationId: 'direct:bob', seq })),
    );
  };

  it('messages up to the position are settled, with the position of another device and with a pending position', async () => {
    expect(await settled({ readUpTo: 5 }, [4, 5, 6])).toEqual([true, true, false]);
    expect(await settled({ readUpTo: 2 }, [4, 5, 6], { position: 5 })).toEqual([true, true, false]);
    expect(await settled({ joinedAt: 5 }, [5, 6])).toEqual([true, false]);
  });

  it('a message with a receipt, and an uncounted message, is settled', async () => {
    expect(await settled({ mine: { delivered: [], read: [[3, 4]], named: [[7, 7]] } }, [4, 5, 7])).toEqual([true, false, true]);
    expect(await settled({}, [4, 5], { named: [[5, 5]] })).toEqual([false, true]);
    expect(await settled({ uncounted: [[8, 8]] }, [8, 9])).toEqual([true, false]);
  });

  it('nothing uncertain is settled: a message above the row, an unknown chat, a message of a counted range', async () => {
    // A pending position of a lost history.
    expect(await settled({ latestSeq: 3 }, [3, 4], { position: 9 })).toEqual([true, false]);
    expect(await settledOf(writerOf(new AccountState('alice')), [{ conversationId: 'direct:bob', seq: 1 }])).toEqual([false]);
    expect(await settled({ readUpTo: 1, counted: { at: 1, upTo: 9, count: 4 } }, [1, 2, 9, 10])).toEqual([true, false, false, false]);
  });

  it('a group message without a receipt request is not settled by the receipts of the messages around it (F117)', async () => {
    const world = createTestWorld();
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    const [, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
    for (const [id, requestReceipt] of [
      ['m1', true],
      ['m2', false],
      ['m3', true],
    ] as const)
      await alice.do('sendMessage', 'group:crew', { id, body: '"hi"', requestReceipt });
    await bob.until({ of: 'messages', conversationId: 'group:crew', limit: 9 }, (messages) => messages.length === 3);
    await bob.do('sendReadReceipts', 'group:crew', ['m1', 'm3']);
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const notified = [1, 2, 3].map((seq) => ({ conversationId: 'group:crew' as const, seq }));
    expect(await bob.ask('settledOf', notified)).toEqual([true, false, true]);
  });
});
