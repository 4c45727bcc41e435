/** Compares the flags that the users set with the flags in the server's tables. */
import type { Book } from './book.ts';
import { type Circumstances, sure } from './oracle.ts';
import type { Part, SeenMessage, Truth, Violated } from './truths.ts';

/** A mute that the user set once is in force, also in a group that the user joined later. A group may refuse it only to a user whom it removed. */
const judgeMute = ({ chat, isGroup }: Truth, user: string, shown: boolean, moves: number, book: Book, violated: Violated): void => {
  const [call, ...more] = book.of(user, chat, 'mute');
  if (call && more.length === 0 && sure(call) && shown !== call.value && !(isGroup && moves > 1))
    violated('I-3', `${chat}: ${user} set mute to ${String(call.value)}`);
};

/**
 * After calls of one device, one after the other, the last one is in force: the chat is archived exactly if no message that counts came
 * since, or if the chat is muted.
 */
const judgeArchive = (
  { chat, messages }: Truth,
  { user, archived, archiveFlag, flags, joinedAt }: Part,
  book: Book,
  { blocks }: Circumstances,
  excused: boolean,
  violated: Violated,
): void => {
  const calls = book.of(user, chat, 'archive');
  const mutes = book.of(user, chat, 'mute');
  const call = calls.at(-1);
  if (archiveFlag && !calls.some(({ value }) => value)) violated('I-5', `${chat}: ${user} never archived it`);
  if (!call || excused || call.latestShown === 0) return;
  const isInOrder = [...calls, ...mutes].every(
    (op) => sure(op) && op.device === call.device && (op === call || op.endsBefore <= call.n || op.n >= call.endsBefore),
  );
  if (!isInOrder) return;
  // The flag stands behind all messages that the user saw at the call. A call in an archived chat that is muted changes nothing.
  const { at, value } = flags.archived;
  const endsArchive = ({ seq, senderId, countable, recalled, ended }: SeenMessage): boolean =>
    seq > Math.max(at, joinedAt) && senderId !== user && countable && !recalled && !ended && !blocks.wasBlocked(senderId, user);
  if (call.value && value && mutes.every(({ n }) => n > call.n) && messages.some((one) => one.seq <= call.latestShown && endsArchive(one)))
    violated('I-3', `${chat}: ${user} archived it (op ${call.n}) with ${call.latestShown} messages, and the flag stands at ${at}`);
  const since = (after: number): string[] =>
    messages.filter(({ seq, senderId, countable }) => seq > after && senderId !== user && countable).map(({ senderId }) => senderId);
  // The flag may reach the server after a message that came since has ended.
  const isKept = messages.every(({ seq, ended }) => !ended || seq <= call.latestAtEnd);
  if (call.value && !archived && since(call.latestShown).length === 0)
    violated('I-3', `${chat}: ${user} archived it (op ${call.n}), no message came, and it is not archived`);
  const isReopened = mutes.length === 0 && isKept && since(call.latestAtEnd).some((sender) => !blocks.wasBlocked(sender, user));
  if (archived && (!call.value || isReopened))
    violated('I-3', `${chat}: ${user} did archive ${String(call.value)} (op ${call.n}), and it is still archived`);
};

/** The flags of a user with a row in the tables. */
export const judgeFlags = (truth: Truth, part: Part, book: Book, circumstances: Circumstances, violated: Violated): void => {
  const { chat, isGroup } = truth;
  const { user } = part;
  const { restored, membersChanged } = circumstances;
  for (const [kind, shown] of [
    ['mute', part.muted],
    ['mark', part.marked],
  ] as const)
    if (shown && !book.of(user, chat, kind).some(({ value }) => value)) violated('I-5', `${chat}: ${user} never did ${kind}`);
  if (!restored) judgeMute(truth, user, part.muted, part.moves, book, violated);
  judgeArchive(truth, part, book, circumstances, restored || (membersChanged && isGroup), violated);
};

/** A user without a row in a group set no flag there. */
export const judgeOutsiders = (truth: Truth, book: Book, { restored }: Circumstances, violated: Violated): void => {
  if (!truth.isGroup || restored) return;
  for (const user of new Set(book.ops.map((op) => op.user))) if (!truth.parts.has(user)) judgeMute(truth, user, false, 0, book, violated);
};
