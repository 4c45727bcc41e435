/**
 * Submits the entries of one frame: asks the directory first, and then runs one transaction.
 *
 *   entries ─▶ read each entry ─▶ ask the host: may the author write? ─▶ one transaction ─▶ results, hints, pushes
 *                   │             for whom does the message count?             │
 *                   │                          │ no answer                    │ failed five times
 *               rejected                     retry                          retry, for all entries
 */
import { conversationTarget, type UserId } from '../../model/ids.ts';
import type { WireResult } from '../../protocol/submit.ts';
import { type Applied, applyEntries, type Author, type Rules } from './apply-entries.ts';
import type { Core } from '../core.ts';
import { groupIdsIn } from '../groups/groups.ts';
import { type ReadEntry, readEntries } from './read-entries.ts';
import { Overtaken, persist } from '../store/persist.ts';
import { askCounting } from './ask-counts.ts';
import { workOf } from './touches.ts';
import { errorDetails } from '../../logging.ts';

const RETRY_AFTER_MS = 1000;
/** The number of times that the host is asked again, because its answers were overtaken. */
const MAX_ASKED = 5;

type MayWrite = (peer: UserId) => boolean | 'not-now';

const askMayWrite = async (core: Core, me: UserId, peers: ReadonlySet<UserId>): Promise<MayWrite> => {
  const { directory } = core;
  if (!directory?.mayMessage) return () => true;
  const answers = new Map<UserId, boolean>();
  const ask = async (peer: UserId): Promise<void> => {
    try {
      const answer: unknown = await directory.mayMessage?.(me, peer);
      if (typeof answer === 'boolean') answers.set(peer, answer);
      else core.log('warn', 'may-message-failed', { message: `directory.mayMessage must answer true or false; got ${typeof answer}` });
    } catch (error) {
      core.log('warn', 'may-message-failed', errorDetails(error));
    }
  };
  await Promise.all([...peers].map(ask));
  return (peer) => answers.get(peer) ?? 'not-now';
};

const retry = ({ key }: { readonly key: string }): WireResult => ({ outcome: 'retry', key, retryAfterMs: RETRY_AFTER_MS });

const countResults = ({ metrics }: Core, results: readonly WireResult[]): void => {
  for (const result of results) {
    metrics.add('tidemark_entries_total', 1, { outcome: result.outcome, code: result.outcome === 'rejected' ? result.code : '' });
    if (result.outcome === 'confirmed') for (const { code } of result.refused ?? []) metrics.add('tidemark_refusals_total', 1, { code });
  }
};

/**
 * Submits the entries of one frame. The promise never rejects: after a failure all entries are answered
 * `retry`, and none of them is in effect (F72).
 */
export const submitEntries = async (
  core: Core,
  author: Author,
  raw: readonly { readonly key: string }[],
  wants: Pick<Rules, 'wantsRows'> = {},
): Promise<Applied> => {
  const applied = await submitted(core, author, raw, wants);
  countResults(core, applied.results);
  return applied;
};

const submitted = async (
  core: Core,
  author: Author,
  raw: readonly { readonly key: string }[],
  wants: Pick<Rules, 'wantsRows'>,
): Promise<Applied> => {
  const { userId: me } = author;
  const read = readEntries(me, raw);
  const entries = read.flatMap((one) => ('entry' in one && one.entry.kind !== 'settings' ? [one.entry] : []));
  const peers = new Set(
    entries.flatMap(({ kind, conversationId }) =>
      kind === 'message' && conversationId.startsWith('direct:') ? [conversationTarget(conversationId)] : [],
    ),
  );
  try {
    const [mayWrite, unknownGroups] = await Promise.all([
      askMayWrite(core, me, peers),
      core.groups.mirror(groupIdsIn(entries), core.store),
    ]);
    const undecidedPeers = new Set([...peers].filter((peer) => mayWrite(peer) === 'not-now'));
    for (let asked = 1; ; asked++) {
      const counting = await askCounting(core, me, entries);
      // If the host gives no answer, only the conversations in question wait. All entries of such a
      // conversation wait, because entries keep their order.
      const waits = (one: ReadEntry): boolean => {
        if (!('entry' in one) || one.entry.kind === 'settings') return false;
        const { conversationId } = one.entry;
        const undecided = conversationId.startsWith('group:') ? unknownGroups : undecidedPeers;
        return undecided.has(conversationTarget(conversationId)) || counting?.undecided.has(conversationId) === true;
      };
      const rules: Rules = { ...wants, mayWrite: (peer) => mayWrite(peer) === true, counting, receipts: () => core.policy().receipts };
      const ready = read.filter((one) => !waits(one));
      if (ready.length === 0) return { results: read.map(retry), hints: [], pushes: () => [] };
      try {
        const applied = await persist(core, 'submit', (tx) => applyEntries(tx, author, ready, rules), workOf(me, ready));
        core.pushes?.announce(core.store, me, applied.pushes());
        if (ready.length === read.length) return applied;
        const results = applied.results[Symbol.iterator]();
        return { ...applied, results: read.map((one) => (waits(one) ? retry(one) : (results.next().value ?? retry(one)))) };
      } catch (error) {
        if (!(error instanceof Overtaken) || asked === MAX_ASKED) throw error;
      }
    }
  } catch (error) {
    core.log('error', 'submit-failed', errorDetails(error));
    return { results: raw.map(retry), hints: [], pushes: () => [] };
  }
};
