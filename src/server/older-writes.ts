/** Waits for the transactions that have begun before. */
import type { Core } from './core.ts';
import { persist } from './store/persist.ts';

const POLL_EVERY_MS = 50;
const MAX_POLLS = 200;

/** Resolves when every write is visible whose transaction may not have seen what is committed now. */
export const olderWritesSeen = async (core: Pick<Core, 'store' | 'clock'>): Promise<void> => {
  const version = await persist(core, 'older-writes-end', async (tx) => tx.version);
  for (let poll = 1; (await core.store.read('older-writes-seen', async (tx) => tx.feedEnd)) < version; poll++) {
    if (poll === MAX_POLLS) throw new Error('a transaction of this database does not end: call this again later');
    await new Promise<void>((resolve) => core.clock.timer(POLL_EVERY_MS, resolve));
  }
};
