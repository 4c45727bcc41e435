/** The backlog for a contestant with writes on the page. */
import { type Amount, Feed, type FedMessage } from '../data/feed.ts';

/** Writes batch after batch. The messages exist before the clock starts. */
export const ingestOnPage = async (
  amount: Amount,
  write: (batch: readonly FedMessage[]) => Promise<unknown>,
): Promise<{ ms: number; longestWriteMs: number }> => {
  const batches = new Feed(amount).batches();
  const began = performance.now();
  let longestWriteMs = 0;
  for (const batch of batches) {
    const before = performance.now();
    await write(batch);
    longestWriteMs = Math.max(longestWriteMs, performance.now() - before);
  }
  return { ms: performance.now() - began, longestWriteMs };
};
