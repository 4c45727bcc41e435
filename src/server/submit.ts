/** Runs the entries of one frame: asks the directory, then one transaction, tried again whole where the database asks for it. */
import { conversationTarget, type UserId } from '../model/ids.ts';
import { type Applied, applyEntries, type Author, readEntries } from './apply-entries.ts';
import type { Core } from './core.ts';

const ATTEMPTS = 5;
const RETRY_AFTER_MS = 1000;

const whomMayWrite = async (core: Core, me: UserId, peers: ReadonlySet<UserId>): Promise<ReadonlySet<UserId>> => {
  const { directory } = core;
  if (!directory) return peers;
  const answers = await Promise.all([...peers].map(async (peer) => ((await directory.mayMessage(me, peer)) ? [peer] : [])));
  return new Set(answers.flat());
};

/** Never rejects: what could not be done is answered `retry`, and nothing of it is in effect (F72). */
export const submitEntries = async (core: Core, author: Author, raw: readonly { readonly key: string }[]): Promise<Applied> => {
  const { userId: me } = author;
  const read = readEntries(me, raw);
  const peers = new Set(
    read.flatMap((one) => ('entry' in one && one.entry.kind === 'message' ? [conversationTarget(one.entry.conversationId)] : [])),
  );
  let failure: unknown;
  try {
    const allowed = await whomMayWrite(core, me, peers);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return await core.store.tx('submit', (tx) => applyEntries(tx, author, read, (peer) => allowed.has(peer)));
      } catch (error) {
        failure = error;
        const pause = 10 * 2 ** attempt;
        await new Promise<void>((resolve) => core.clock.timer(pause, resolve));
      }
    }
  } catch (error) {
    failure = error;
  }
  core.log('submit failed', failure);
  return { results: raw.map(({ key }) => ({ outcome: 'retry', key, retryAfterMs: RETRY_AFTER_MS })), touched: new Set() };
};
