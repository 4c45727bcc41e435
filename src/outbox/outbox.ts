/**
 * `tidemark/outbox`: read receipts survive a reload, in front of the app's own chat SDK. A call resolves once the receipt is stored. The
 * leading tab sends stored receipts through the SDK, merged to a single request for each conversation.
 *
 * @see OUTBOX.md
 */
import { browserBus, browserClock, browserLocks, browserRandom } from '../platform/browser-ports.ts';
import type { OutboxOptions, ReceiptOutbox } from './api.ts';
import { checkOptions } from './arguments.ts';
import type { OutboxHint } from './lead.ts';
import { createOutboxOver } from './outbox-over-ports.ts';
import { openOutboxStore } from './outbox-store.ts';

export type { Connected, OutboxOptions, PendingCount, ReceiptOutbox } from './api.ts';
export { StoreError, UsageError } from '../errors.ts';
export type { MessageRead, PendingReceipts, Place } from './pending.ts';
export type { OutboxDeadLetter } from './records.ts';
export { ReceiptDelayed, ReceiptRefused, type Send } from './sender.ts';

/**
 * Creates the outbox of an account, on a page or in a worker.
 *
 * @throws {UsageError} `usage/invalid-option` for an unknown option, or for an option with a wrong value.
 */
export const createReceiptOutbox = (options: OutboxOptions): ReceiptOutbox => {
  checkOptions(options);
  const database = `tidemark-outbox-${options.name}`;
  const outbox = createOutboxOver(options, {
    clock: browserClock,
    random: browserRandom,
    locks: browserLocks,
    bus: browserBus<OutboxHint>(database),
    store: openOutboxStore(database),
  });
  const end = outbox.close.bind(outbox);
  // A page that comes back online tries at once.
  const nudge = (): void => {
    outbox.flush().catch(() => undefined);
  };
  addEventListener('online', nudge);
  return Object.assign(outbox, {
    close() {
      removeEventListener('online', nudge);
      end();
    },
  });
};
