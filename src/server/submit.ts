/** Runs the entries of one frame: asks the directory, then one transaction. */
import { conversationTarget, type UserId } from '../model/ids.ts';
import { type Applied, applyEntries, type Author, type Rules } from './apply-entries.ts';
import type { Core } from './core.ts';
import { groupIdsIn } from './groups.ts';
import { readEntries } from './read-entries.ts';
import { persist } from './persist.ts';

const RETRY_AFTER_MS = 1000;

const whomMayWrite = async (core: Core, me: UserId, peers: ReadonlySet<UserId>): Promise<ReadonlySet<UserId>> => {
  const { directory } = core;
  if (!directory?.mayMessage) return peers;
  const answers = await Promise.all([...peers].map(async (peer) => ((await directory.mayMessage?.(me, peer)) ? [peer] : [])));
  return new Set(answers.flat());
};

/** After the commit: what the host does with it is none of the frame's business. */
const tellHost = (core: Core, { pushes }: Applied): void => {
  const { onMessage } = core;
  if (!onMessage) return;
  for (const push of pushes()) {
    try {
      onMessage(push);
    } catch (error) {
      core.log('onMessage failed', error);
    }
  }
};

/** Never rejects: what could not be done is answered `retry`, and nothing of it is in effect (F72). */
export const submitEntries = async (core: Core, author: Author, raw: readonly { readonly key: string }[]): Promise<Applied> => {
  const { userId: me } = author;
  const read = readEntries(me, raw);
  const entries = read.flatMap((one) => ('entry' in one ? [one.entry] : []));
  const peers = new Set(
    entries.flatMap(({ kind, conversationId }) =>
      kind === 'message' && conversationId.startsWith('direct:') ? [conversationTarget(conversationId)] : [],
    ),
  );
  try {
    const [allowed] = await Promise.all([whomMayWrite(core, me, peers), core.groups.mirror(groupIdsIn(entries))]);
    const rules: Rules = { mayWrite: (peer) => allowed.has(peer), receipts: () => core.policy().receipts };
    const applied = await persist(core, 'submit', (tx) => applyEntries(tx, author, read, rules));
    tellHost(core, applied);
    return applied;
  } catch (error) {
    core.log('submit failed', error);
    return { results: raw.map(({ key }) => ({ outcome: 'retry', key, retryAfterMs: RETRY_AFTER_MS })), hints: [], pushes: () => [] };
  }
};
