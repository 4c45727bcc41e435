/**
 * The reserve: room that this device keeps while it has unsent messages. What the server answers must be written, on a full device too:
 * otherwise no message would ever leave. The device takes no message without the reserve, and gives it up when everything else is evicted.
 *
 *   send a message ─▶ the reserve is there, or is written with the message ─▶ accepted
 *                     no room for it                                       ─▶ `store/quota-exceeded`
 *   any other write, nothing left to evict ─▶ the reserve is deleted ─▶ the write runs again
 *
 * Without the reserve the device keeps no texts of new messages, except the newest of each conversation: the server has them. It is whole
 * again with the first message that finds room for it.
 *
 * No browser tells how much a page can still store: Chromium answers its use and 10 GiB. So the reserve is bytes, not a number (F141).
 */
import { RESERVE_KEY } from '../../log/tables.ts';
import type { Change } from '../../log/log-record.ts';
import { fromSeqs } from '../../model/registers/ranges.ts';
import type { StorePort, StoreTx } from '../../ports/ports.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Draft } from './draft.ts';

/** Bytes that no database can compress: the words of a linear congruential generator do not repeat. */
const incompressible = (bytes: number): Uint32Array => {
  let word = 1;
  return Uint32Array.from({ length: bytes / 4 }, () => (word = Math.imul(word, 1664525) + 1013904223));
};

/** Writes the reserve, unless it is there. It is one row, because Chromium stores a large row as a file, and deletes files at once. */
export const keepReserve = async (tx: StoreTx, bytes: number): Promise<void> => {
  if (bytes === 0 || (await tx.get('meta', RESERVE_KEY))) return;
  tx.put('meta', RESERVE_KEY, true);
  tx.put('reserve', 0, incompressible(bytes));
};

/**
 * Deletes the reserve. A transaction of deletes runs on a full device, and Chromium measures anew after it.
 *
 * @returns whether it was there: a retry of the failed write may find room.
 */
export const giveUpReserve = (store: Pick<StorePort, 'tx'>): Promise<boolean> =>
  store.tx('give-up-reserve', ['meta', 'reserve'], 'readwrite', 'relaxed', async (tx) => {
    const wasThere = (await tx.get('meta', RESERVE_KEY)) !== undefined;
    tx.delete('meta', RESERVE_KEY);
    tx.clear('reserve');
    return wasThere;
  });

/** Whether messages wait, and the device has given up the reserve. */
export const isReserveSpent = async (tx: StoreTx, bytes: number, { outbox }: AccountState): Promise<boolean> =>
  bytes > 0 && [...outbox.values()].some(({ kind }) => kind === 'message') && !(await tx.get('meta', RESERVE_KEY));

/** Evicts new messages at once. @returns the changes without their texts. */
export const evictNew = (draft: Draft, changes: readonly Change[]): readonly Change[] => {
  const kept = changes.map((change) => {
    if (change.t !== 'messages') return change;
    const { conversationId } = change;
    const newest = draft.model.get(conversationId)?.newest?.seq;
    const messages = change.messages.map((message) => (message.seq === newest ? message : { ...message, body: '' }));
    const seqs = fromSeqs(messages.flatMap(({ seq }) => (seq === newest ? [] : seq)));
    if (seqs.length > 0) draft.change({ t: 'evict', conversationId, seqs });
    return { ...change, messages };
  });
  return [...kept, ...changes.slice(kept.length)];
};
