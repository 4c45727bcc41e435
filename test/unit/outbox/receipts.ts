/** Receipts for the adapters, and what an adapter tells of its connection. */
import type { Connected } from '../../../src/outbox/api.ts';
import type { PendingReceipts } from '../../../src/outbox/pending.ts';

export const receiptsOf = (conversation: string, more: Partial<PendingReceipts>): PendingReceipts => ({
  conversation,
  messages: [],
  readUpTo: null,
  cleared: null,
  since: 0,
  ...more,
});

export const messagesOf = (count: number): { readonly id: string }[] => Array.from({ length: count }, (_, i) => ({ id: `m${i}` }));

export const toldBy = (connected: Connected): { readonly told: boolean[]; readonly stop: () => void } => {
  const told: boolean[] = [];
  const subscription = connected.subscribe((isConnected) => told.push(isConnected));
  return { told, stop: () => subscription.unsubscribe() };
};
