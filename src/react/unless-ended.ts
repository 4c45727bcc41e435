/** A client after its end: React may render once more before the provider learns of a log-out. */
import { type ReceiptClient, UsageError } from '../index.ts';

/** Opens something on the client; null without a client, and after the client's end. */
export const unlessEnded = <T, Body>(client: ReceiptClient<Body> | null, open: (client: ReceiptClient<Body>) => T): T | null => {
  try {
    return client && open(client);
  } catch (error) {
    if (error instanceof UsageError && error.code === 'usage/closed') return null;
    throw error;
  }
};
