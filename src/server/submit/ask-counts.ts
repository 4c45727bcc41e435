/**
 * Asks the host for which readers a message counts. The host is asked before the transaction, because its answer must not
 * hold locks. Inside the transaction the answers are checked: a reader may have joined, or `countsChanged` may have come.
 *
 *   read members and counting versions ─▶ ask the host ─▶ transaction: same members, same versions? ─ no ─▶ ask again
 */
import type { ConversationId, UserId } from '../../model/ids.ts';
import { conversationTarget } from '../../model/ids.ts';
import type { WireEntry, WireMessageEntry } from '../../protocol/submit.ts';
import type { Core } from '../core.ts';
import { Overtaken } from '../store/persist.ts';
import { type ConversationRecord, nameOf, peerOf } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import type { SubmitWork } from './submit-work.ts';
import { errorDetails } from '../../logging.ts';

/** Questions to the host at a time. */
const AT_ONCE = 50;

/** The host's answers for the readers of one frame. */
export interface Counting {
  readonly answers: ReadonlyMap<UserId, boolean>;
  /** The counting versions of the readers before the host was asked. */
  readonly versions: ReadonlyMap<UserId, number>;
  /** Conversations with a reader for whom the host gave no answer. */
  readonly undecided: ReadonlySet<ConversationId>;
}

/**
 * Asks the host about each pair of a sender and a reader.
 *
 * @returns the answers, by the index of the pair. If the host throws or answers no boolean, the answer is the error.
 */
export const askPairs = async (
  { directory }: Pick<Core, 'directory'>,
  pairs: readonly (readonly [sender: UserId, reader: UserId])[],
): Promise<readonly (boolean | Error)[]> => {
  if (!directory?.counts) return pairs.map(() => true);
  const answers: (boolean | Error)[] = [];
  const ask = async ([sender, reader]: readonly [UserId, UserId]): Promise<boolean | Error> => {
    try {
      const answer: unknown = await directory.counts?.(sender, reader);
      return typeof answer === 'boolean' ? answer : new Error(`directory.counts must answer true or false; got ${typeof answer}`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  for (let at = 0; at < pairs.length; at += AT_ONCE) answers.push(...(await Promise.all(pairs.slice(at, at + AT_ONCE).map(ask))));
  return answers;
};

const isCountable = (entry: WireEntry): entry is WireMessageEntry => entry.kind === 'message' && entry.countable;

/** Asks the host for every reader of the frame's messages. @returns `undefined` without `directory.counts`: then every message counts. */
export const askCounting = async (core: Core, me: UserId, entries: readonly WireEntry[]): Promise<Counting | undefined> => {
  const names = new Set(entries.filter(isCountable).map(({ conversationId }) => conversationId));
  if (!core.directory?.counts || names.size === 0) return undefined;
  const readers = new Map<ConversationId, readonly UserId[]>();
  for (const name of names) if (name.startsWith('direct:')) readers.set(name, [conversationTarget(name)]);
  const versions = await core.store.read('readers', async (tx) => {
    const groups = await tx.conversations(
      me,
      [...names].filter((name) => name.startsWith('group:')),
    );
    const roster = await tx.roster(groups.map(({ id }) => id));
    for (const group of groups) {
      const members = roster.filter(({ conversationId, userId }) => conversationId === group.id && userId !== me);
      readers.set(
        nameOf(group, me),
        members.map(({ userId }) => userId),
      );
    }
    return tx.countingVersions([...new Set([...readers.values()].flat())]);
  });
  const asked = [...new Set([...readers.values()].flat())];
  const found = await askPairs(
    core,
    asked.map((reader) => [me, reader] as const),
  );
  const answers = new Map<UserId, boolean>();
  const failed = found.filter((answer) => answer instanceof Error);
  for (const [i, answer] of found.entries()) if (typeof answer === 'boolean') answers.set(asked[i]!, answer);
  if (failed[0]) core.log('warn', 'counts-failed', { ...errorDetails(failed[0]), readers: failed.length });
  const undecided = [...readers].filter(([, list]) => list.some((reader) => !answers.has(reader))).map(([name]) => name);
  return { answers, versions, undecided: new Set(undecided) };
};

/** The readers of a message of the author. The group's roster must be loaded. */
const readersOf = (unit: SubmitWork, conversation: ConversationRecord): readonly UserId[] =>
  conversation.groupId === null
    ? [peerOf(conversation, unit.me)]
    : unit.roster(conversation).flatMap(({ userId }) => (userId === unit.me ? [] : [userId]));

/** @throws {Overtaken} if the host must be asked again, before the first write that a reader could see. */
export const requireFresh = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  entries: readonly WireEntry[],
  { answers, versions }: Counting,
): Promise<void> => {
  const readers = new Set<UserId>();
  for (const entry of entries) {
    const conversation = isCountable(entry) ? unit.conversation(entry.conversationId) : undefined;
    if (conversation && unit.member(conversation).role !== null) for (const reader of readersOf(unit, conversation)) readers.add(reader);
  }
  const now = await tx.countingVersions([...readers]);
  for (const reader of readers)
    if (!answers.has(reader) || now.get(reader) !== versions.get(reader))
      throw new Overtaken(`what counts for a reader has changed while the host was asked`);
};

/** The readers for whom a new message of the author does not count. */
export const uncountedFor = (unit: SubmitWork, conversation: ConversationRecord, counting: Counting | undefined): readonly UserId[] =>
  counting ? readersOf(unit, conversation).filter((reader) => counting.answers.get(reader) === false) : [];
