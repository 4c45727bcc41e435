/**
 * Expires group receipts not read by all members within their window, by the database's clock: at the start
 * of the server, and every 30 s while any receipt is open. Of the servers of one store, one sweeps at a time. The
 * server refuses late receipts without this sweep. The sweep informs the members with the message on their screen.
 */
import { errorDetails } from '../logging.ts';
import type { NewsHint } from './bus/bus.ts';
import type { Core } from './core.ts';
import { persist } from './store/persist.ts';
import type { ServerStore, ServerTx } from './store/server-store.ts';
import { messageKey } from './feed/wire-messages.ts';
import { startSweeps, type Sweeps } from './sweep.ts';

const SWEEP_EVERY_MS = 30_000;
/** Receipts expired in one transaction. */
const BATCH = 500;

/** @returns the number of receipts checked (0 if another server sweeps), and hints for the members of their groups. */
export const expireDue = async (tx: ServerTx): Promise<{ readonly checked: number; readonly hints: readonly NewsHint[] }> => {
  // A dying server releases the lock with its transaction, and another server makes the next sweep.
  if (!(await tx.lockSweep('receipts'))) return { checked: 0, hints: [] };
  const groups = [...new Set((await tx.dueReceipts(await tx.now(), BATCH)).map(({ conversationId }) => conversationId))];
  if (groups.length === 0) return { checked: 0, hints: [] };
  await tx.lockConversationsById(groups);
  // Read again under the locks: a receipt may have been stored between the first read and the locks.
  const locked = new Set(groups);
  const due = (await tx.dueReceipts(await tx.now(), BATCH)).filter(({ conversationId }) => locked.has(conversationId));
  const counts = new Map((await tx.readCounts(due)).map((one) => [messageKey(one), one.readCount]));
  const ended = due.map((receipt) => {
    const isFull = (counts.get(messageKey(receipt)) ?? 0) >= receipt.memberCount;
    return isFull
      ? { ...receipt, expiryPending: false }
      : { ...receipt, expiryPending: false, expired: true, version: Math.max(receipt.version, tx.version) };
  });
  await tx.putReceipts(ended);
  const expiredIn = [...new Set(ended.filter(({ expired }) => expired).map(({ conversationId }) => conversationId))];
  const userIds = expiredIn.length === 0 ? [] : [...new Set((await tx.roster(expiredIn)).map(({ userId }) => userId))];
  return { checked: due.length, hints: userIds.length > 0 ? [{ kind: 'changes', userIds }] : [] };
};

/** Sweeps at once, and then every 30 s while any receipt is open. */
export const startExpiry = (core: Pick<Core, 'store' | 'clock' | 'bus' | 'log'>): Sweeps => {
  const isDue = (store: ServerStore): Promise<boolean> =>
    store.read('look-for-due', async (tx) => (await tx.dueReceipts(await tx.now(), 1)).length > 0);
  const failed = (error: unknown): void => core.log('error', 'receipts-not-ended', errorDetails(error));
  return startSweeps(core, SWEEP_EVERY_MS, failed, async ({ isStopped, arm }) => {
    while (!isStopped() && (await isDue(core.store))) {
      const { checked, hints } = await persist(core, 'expire', expireDue);
      for (const hint of hints) core.bus.publish(hint);
      if (checked === 0) break;
    }
    if (!isStopped() && (await core.store.read('look-for-open', (tx) => tx.hasOpenReceipts()))) arm();
  });
};
