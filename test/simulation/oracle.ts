/**
 * The expected final state, computed by plain sets and loops from the calls (the book) and from the order of
 * the server's tables. The oracle shares no code with the judged code.
 */
import type { Blocks } from './blocks.ts';
import type { Book, Chat, Op } from './book.ts';
import { judgeFlags, judgeOutsiders } from './judge-flags.ts';
import { mentionText } from './mentions.ts';
import { EPOCH, has, type SeenMessage, type Truth, type Violated } from './truths.ts';

export const sure = (op: Op): boolean => op.state === 'done' && !op.isDoubtful;

export interface Circumstances {
  /** The server lost a part of its history: seqs may have changed, and entries kept by no device may be lost. */
  readonly restored: boolean;
  /** Days passed, or seemed to pass, between a confirmation and its loss. */
  readonly mayForget: boolean;
  /** Groups with changed members. */
  readonly membersChanged: boolean;
  /** A receipt may have come too late for its message. */
  readonly mayExpire: (sentAt: number) => boolean;
  readonly blocks: Blocks;
  /** Whether a recall of the message was refused, which its user was told. */
  readonly wasRecallRefused: (id: string) => boolean;
  /** Whether the device told its user that a text of the message, or of a receipt for it, was lost with the key. */
  readonly wasUnreadable: (id: string, device: string) => boolean;
  /** The end of a message's entry on the sending device. */
  readonly endOf: (id: string, device: string) => string | undefined;
}

/** Compares the calls with the server's tables, after the world came to rest. */
export const judgeMeaning = (truths: Map<Chat, Truth>, book: Book, circumstances: Circumstances, violated: Violated): void => {
  const { restored, mayForget, membersChanged, mayExpire, blocks, wasRecallRefused, wasUnreadable, endOf } = circumstances;
  const place = new Map<string, { readonly truth: Truth; readonly message: SeenMessage }>();
  for (const truth of truths.values()) for (const message of truth.messages) place.set(message.id, { truth, message });

  for (const { id, chat, op, from, device, countable, asks, mentions } of book.said.values()) {
    const at = place.get(id);
    if (!at) {
      const end = endOf(id, device);
      // Only a group may refuse a message, if its sender is no member.
      const refused =
        chat.startsWith('group:') && end === 'rejected' && (membersChanged || truths.get(chat)?.parts.get(from)?.isIn !== true);
      // The device sends confirmed entries again for three days by its own clock, and a group may refuse them
      // by then.
      const forgotten = restored && (mayForget || (membersChanged && chat.startsWith('group:')));
      if (sure(op) && !refused && !forgotten && !wasUnreadable(id, device))
        violated('I-3', `${from} sent ${id} to ${chat}, and the server does not have it`);
    } else if (
      at.truth.chat !== chat ||
      at.message.senderId !== from ||
      at.message.countable !== countable ||
      (at.message.asked && !asks) ||
      mentionText(at.message.mentions) !== mentionText(at.message.recalled ? null : mentions)
    )
      violated('I-5', `${id} is not what ${from} sent`);
    // A repeated frame may have been refused first, and accepted after its sender became a member.
    const mayBeRejected = restored || (membersChanged && chat.startsWith('group:')) || wasUnreadable(id, device);
    if (at && !mayBeRejected && endOf(id, device) === 'rejected') violated('I-3', `${from} has ${id} as rejected, and the server has it`);
  }
  for (const id of place.keys()) if (!book.said.has(id)) violated('I-5', `no person sent ${id}`);

  for (const op of book.ops)
    if (op.kind === 'recall' && sure(op) && !(membersChanged && op.chat?.startsWith('group:')))
      for (const id of op.ids)
        // After a restore, the server may have refused the recall while the message was lost, and another
        // device sent the message again. Or the device forgot the confirmed recall, because its clock jumped by
        // more than three days.
        if (
          place.get(id)?.message.recalled === false &&
          !place.get(id)?.message.ended &&
          !(restored && (mayForget || wasRecallRefused(id)))
        )
          violated('I-3', `${op.user} recalled ${id}, and the server still has its text`);
  for (const { message } of place.values())
    if (
      message.recalled &&
      !book.ops.some(({ kind, ids, user }) => kind === 'recall' && ids.includes(message.id) && user === message.senderId)
    )
      violated('I-5', `no person recalled ${message.id}`);

  for (const truth of truths.values()) {
    const { chat, messages, parts, receipts, isGroup } = truth;
    judgeOutsiders(truth, book, circumstances, violated);
    for (const part of parts.values()) {
      const { user } = part;
      const byType = isGroup ? 'clear-group' : 'clear-direct';
      const moves = book.of(user, chat, 'clear', 'clear-all', byType, 'read-chat', 'read-group', 'view', 'pass');
      // In a restored copy a position may name another message, so only the agreement of the devices is judged.
      if (!restored) {
        const seqOf = (op: Op): number | undefined => (op.ids.length > 0 ? place.get(op.ids[0]!)?.message.seq : undefined);
        const least = Math.max(
          0,
          ...moves.filter((op) => sure(op) && op.value !== false).map((op) => seqOf(op) ?? (op.ids.length > 0 ? 0 : op.latestShown)),
        );
        const most = Math.max(0, ...moves.filter(({ value }) => value !== false).map((op) => seqOf(op) ?? op.latestAtEnd));
        const mayLag = membersChanged && isGroup;
        if (part.readUpTo < least && !mayLag) violated('I-3', `${chat}: ${user} cleared to ${least}, and the server has ${part.readUpTo}`);
        if (part.readUpTo > most) violated('I-5', `${chat}: ${user} never went beyond ${most}, and the server has ${part.readUpTo}`);
      }
      for (const { id, seq, senderId, countable, uncountedFor, recalled, ended } of messages) {
        const isLeftOut = uncountedFor.includes(user);
        if (isLeftOut && !blocks.wasBlocked(senderId, user))
          violated('I-12', `${chat}: ${id} does not count for ${user}, and the host never said so`);
        const isUnread = part.isIn && senderId !== user && countable && !recalled && !ended && seq > part.readUpTo && seq > part.joinedAt;
        if (isUnread && isLeftOut !== blocks.isBlocked(senderId, user))
          violated('I-12', `${chat}: ${id} ${isLeftOut ? 'does not count' : 'counts'} for ${user}, and the host says otherwise`);
      }
      const clears = book.of(user, chat, 'clear-some');
      for (const { id, seq, senderId, countable, recalled, ended } of restored ? [] : messages) {
        const isCleared = has(part.cleared, seq);
        if (isCleared && !clears.some(({ ids }) => ids.includes(id))) violated('I-5', `${chat}: ${user} never cleared ${id}`);
        const must = clears.find((op) => sure(op) && op.ids.includes(id));
        const counts = senderId !== user && countable && !recalled && !ended && seq > part.readUpTo && seq > part.joinedAt;
        if (must && counts && !isCleared && !(membersChanged && isGroup))
          violated('I-3', `${chat}: ${user} cleared ${id} (op ${must.n}), and it counts`);
        if (part.from === null || seq < part.from) continue;
        // The mark in force is one of these. A clear from before all of them is earlier than the mark.
        const marks = book.of(user, chat, 'mark').filter(({ value, ids }) => value && ids.length > 0);
        const naming = clears.filter(({ ids }) => ids.includes(id));
        const isSince = has(part.clearedSince, seq);
        if (isSince && !naming.some((op) => marks.some((mark) => mark.n < op.endsBefore)))
          violated('I-5', `${chat}: ${user} did not clear ${id} after the mark`);
        const isOnlyMark = book.of(user, chat, 'mark').length === 1;
        const knows = (op: Op, mark: Op): boolean => mark.device === op.device || (isOnlyMark && op.seesMark === true);
        const after = naming.find((op) => sure(op) && marks.every((mark) => mark.endsBefore <= op.n && knows(op, mark) && sure(mark)));
        if (
          after &&
          senderId !== user &&
          countable &&
          !recalled &&
          !ended &&
          seq > part.joinedAt &&
          !isSince &&
          !(membersChanged && isGroup)
        )
          violated('I-3', `${chat}: ${user} cleared ${id} (op ${after.n}) after the mark, and it counts`);
      }
      judgeFlags(truth, part, book, circumstances, violated);
      const acks = book.of(user, chat, 'ack', 'view', 'read-group');
      const readers = (seq: number): boolean => (isGroup ? receipts.get(seq)?.readers.includes(user) === true : has(part.named, seq));
      for (const { id, seq, senderId, asked, recalled, ended, sentAt } of messages) {
        const told = readers(seq);
        const mayTell = ({ kind, ids, after, latestAtEnd, isForbidden }: Op): boolean =>
          isForbidden !== true && (kind === 'ack' ? ids.includes(id) : seq > after && seq <= latestAtEnd);
        if (told && senderId !== user && !restored && !acks.some(mayTell)) violated('I-6', `${chat}: ${user} sent no receipt for ${id}`);
        // The server rightly refuses a receipt older than its message.
        const meant = acks.find((op) => sure(op) && op.queued.includes(id) && op.at + EPOCH >= sentAt);
        const excused =
          restored ||
          recalled ||
          ended ||
          (meant && wasUnreadable(id, meant.device)) ||
          !asked ||
          senderId === user ||
          has(part.untold, seq) ||
          // A device learns of the switch late and cancels its queued receipts.
          book.ops.some((op) => op.ofAccount === true && op.user === user && op.device !== meant?.device) ||
          (isGroup && (membersChanged || !has(part.present, seq) || mayExpire(sentAt) || !receipts.has(seq)));
        if (meant && !told && !excused)
          violated('I-3', `${chat}: ${user} sent a receipt for ${id} (op ${meant.n}), and the server does not have it`);
        const silent = moves.find(
          (op) =>
            sure(op) &&
            op.silentFrom !== undefined &&
            op.value !== false &&
            op.ids.length === 0 &&
            seq >= op.silentFrom &&
            seq <= op.latestShown,
        );
        if (
          silent &&
          senderId !== user &&
          !ended &&
          !restored &&
          !(membersChanged && isGroup) &&
          moves.every(({ device }) => device === silent.device) &&
          !has(part.untold, seq) &&
          !told &&
          !has(part.read, seq)
        )
          violated('I-6', `${chat}: ${user} read ${id} while receipts were off (op ${silent.n}), and another device may tell it`);
        const mayRead = ({ isForbidden, latestAtEnd }: Op): boolean => isForbidden !== true && seq <= latestAtEnd;
        if (!isGroup && senderId !== user && has(part.read, seq) && !restored && !book.of(user, chat, 'read-chat').some(mayRead))
          violated('I-6', `${chat}: ${user} sent no conversation receipt for ${id} while it was allowed`);
        if (!isGroup && has(part.read, seq) && !restored && book.of(user, chat, 'read-chat').length === 0)
          violated('I-6', `${chat}: ${user} never sent a conversation receipt`);
        if (!isGroup && book.silent.has(user) && (told || has(part.read, seq) || has(part.delivered, seq)))
          violated('I-6', `${chat}: ${user} sends no receipts, and ${seq} has one`);
      }
    }
  }
};
