/** Compares the flags that the users set with the flags in the server's tables. */
import type { Book } from './book.ts';
import { type Circumstances, sure } from './oracle.ts';
import type { Part, Truth, Violated } from './truths.ts';

/** A mute that the user set once is in force, also in a group that the user joined later. A group may refuse it only to a user whom it removed. */
const judgeMute = ({ chat, isGroup }: Truth, user: string, shown: boolean, moves: number, book: Book, violated: Violated): void => {
  const [call, ...more] = book.of(user, chat, 'mute');
  if (call && more.length === 0 && sure(call) && shown !== call.value && !(isGroup && moves > 1))
    violated('I-3', `${chat}: ${user} set mute to ${String(call.value)}`);
};

/** After a single archiving and no mute, the chat is archived exactly if no message that counts came since. */
const judgeArchive = (
  { chat, messages }: Truth,
  { user, archived, archiveFlag }: Part,
  book: Book,
  { blocks }: Circumstances,
  excused: boolean,
  violated: Violated,
): void => {
  const calls = book.of(user, chat, 'archive');
  const [call] = calls;
  if (archiveFlag && !calls.some(({ value }) => value)) violated('I-5', `${chat}: ${user} never archived it`);
  if (!call || excused || calls.length > 1 || !sure(call) || call.latestShown === 0 || book.of(user, chat, 'mute').length > 0) return;
  const since = (after: number): string[] =>
    messages.filter(({ seq, senderId, countable }) => seq > after && senderId !== user && countable).map(({ senderId }) => senderId);
  // The flag may reach the server after a message that came since has ended.
  const isKept = messages.every(({ seq, ended }) => !ended || seq <= call.latestAtEnd);
  if (call.value && !archived && since(call.latestShown).length === 0)
    violated('I-3', `${chat}: ${user} archived it (op ${call.n}), no message came, and it is not archived`);
  if (archived && isKept && (!call.value || since(call.latestAtEnd).some((sender) => !blocks.wasBlocked(sender, user))))
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
