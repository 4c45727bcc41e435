/**
 * The expected final state, computed by plain sets and loops from the calls (the book) and from the order of
 * the server's tables. The oracle shares no code with the judged code.
 */
import type { Mentions } from '../../src/model/mentions.ts';
import type { MemoryDump } from '../../src/server/store/memory/memory-tables.ts';
import type { Blocks } from './blocks.ts';
import { type Book, type Chat, directChat, type Op } from './book.ts';
import { isMentioned, mentionText } from './mentions.ts';

type Pairs = readonly (readonly [number, number])[];

/** The window of the server's default policy. */
export const RECEIPT_WINDOW_MS = 3 * 86_400_000;
/** When virtual time begins, epoch ms. */
export const EPOCH = Date.UTC(2026, 0, 1);

const has = (ranges: Pairs, seq: number): boolean => ranges.some(([from, upTo]) => seq >= from && seq <= upTo);

export interface SeenMessage {
  readonly id: string;
  readonly seq: number;
  readonly senderId: string;
  readonly countable: boolean;
  /** The readers for whom the message does not count. */
  readonly uncountedFor: readonly string[];
  readonly recalled: boolean;
  readonly asked: boolean;
  readonly mentions: Mentions | null;
  readonly sentAt: number;
}

/** One member's part of a conversation, from the server's tables. */
export interface Part {
  readonly user: string;
  readonly isIn: boolean;
  readonly joinedAt: number;
  readonly readUpTo: number;
  /** The device of the last move of the position. */
  readonly readBy: string | undefined;
  readonly cleared: Pairs;
  readonly muted: boolean;
  readonly marked: boolean;
  /** The flag alone, and whether the conversation is archived. */
  readonly archiveFlag: boolean;
  readonly archived: boolean;
  /** For a conversation marked unread: the first message of the mark. From here on messages count, read or not. */
  readonly from: number | null;
  readonly delivered: Pairs;
  readonly read: Pairs;
  readonly named: Pairs;
  readonly present: Pairs;
  /** Messages forbidden to all receipts of the user. */
  readonly untold: Pairs;
}

export interface Truth {
  readonly chat: Chat;
  readonly isGroup: boolean;
  readonly messages: readonly SeenMessage[];
  readonly parts: ReadonlyMap<string, Part>;
  /** By seq: the readers of a group message, and the number of members. */
  readonly receipts: ReadonlyMap<
    number,
    { readonly readers: readonly string[]; readonly lastAt: number; readonly memberCount: number; readonly expired: boolean }
  >;
}

/** Stored messages of a device without a delivery receipt; direct chats only. */
export const undeliveredIn = ({ messages, isGroup }: Truth, { user, delivered }: Part): readonly SeenMessage[] =>
  isGroup ? [] : messages.filter(({ seq, senderId }) => senderId !== user && !has(delivered, seq));

/** The server's tables by conversation. */
export const truthOf = (dump: MemoryDump): Map<Chat, Truth> => {
  const truths = new Map<Chat, Truth>();
  const inOf = <T extends { readonly conversationId: number }>(list: readonly T[], id: number): T[] =>
    list.filter(({ conversationId }) => conversationId === id);
  for (const { id, groupId, userA, userB } of dump.conversations) {
    const chat = groupId === null ? directChat(userA, userB) : `group:${groupId}`;
    const acks = inOf(dump.acks, id);
    const parts = inOf(dump.members, id).map(
      ({
        userId,
        role,
        joinedAt,
        readUpTo,
        readBy,
        cleared,
        muted,
        marked,
        archived,
        delivered,
        read,
        named,
        present,
        untold,
      }): [string, Part] => [
        userId,
        {
          user: userId,
          isIn: groupId === null || role !== null,
          joinedAt,
          readUpTo,
          readBy: readBy?.deviceId,
          cleared,
          muted: muted.value,
          marked: marked.value && readUpTo <= marked.at,
          archiveFlag: archived.value,
          archived:
            archived.value &&
            (muted.value ||
              !inOf(dump.messages, id).some(
                ({ seq, senderId, countable }) =>
                  seq > archived.at && senderId !== userId && countable && (groupId === null || has(present, seq)),
              )),
          from: marked.value && readUpTo <= marked.at ? (marked.from ?? null) : null,
          delivered,
          read,
          named,
          present,
          untold,
        },
      ],
    );
    truths.set(chat, {
      chat,
      isGroup: groupId !== null,
      messages: inOf(dump.messages, id)
        .sort((a, b) => a.seq - b.seq)
        .map(({ id: messageId, seq, senderId, countable, uncountedFor, recalled, receiptRequested, mentions, sentAt }) => ({
          id: messageId,
          seq,
          senderId,
          countable,
          uncountedFor,
          recalled,
          asked: receiptRequested,
          mentions,
          sentAt,
        })),
      parts: new Map(parts),
      receipts: new Map(
        inOf(dump.receipts, id).map(({ seq, memberCount, expired }) => [
          seq,
          {
            readers: acks.filter((ack) => ack.seq === seq).map(({ userId }) => userId),
            lastAt: Math.max(0, ...acks.filter((ack) => ack.seq === seq).map(({ at }) => at)),
            memberCount,
            expired,
          },
        ]),
      ),
    });
  }
  return truths;
};

const countedFor = ({ messages }: Truth, { user, readUpTo, from, joinedAt, cleared }: Part): readonly SeenMessage[] =>
  messages.filter(
    ({ seq, senderId, countable, uncountedFor, recalled }) =>
      (seq > readUpTo || (from !== null && seq >= from)) &&
      seq > joinedAt &&
      senderId !== user &&
      countable &&
      !uncountedFor.includes(user) &&
      !recalled &&
      !has(cleared, seq),
  );

/** The unread count of a member (I-12). */
export const unreadOf = (truth: Truth, part: Part): number => countedFor(truth, part).length;

/** The mention count of a member (I-12). */
export const mentionsOf = (truth: Truth, part: Part): number =>
  countedFor(truth, { ...part, from: null }).filter((one) => isMentioned(one, part.user)).length;

export type Violated = (invariant: string, why: string) => void;

/** Judges the server's tables, which must be right at every moment. `before` are the tables of the moment before. */
export const judgeTables = (now: Map<Chat, Truth>, before: Map<Chat, Truth> | null, violated: Violated): void => {
  for (const [chat, truth] of now) {
    const old = before?.get(chat);
    const ids = new Set<string>();
    truth.messages.forEach(({ id, seq }, i) => {
      if (seq !== i + 1) violated('gapless', `${chat}: ${id} has the seq ${seq} and is message ${i + 1}`);
      if (ids.has(id)) violated('I-2', `${chat}: ${id} is there twice`);
      ids.add(id);
    });
    old?.messages.forEach(({ id, recalled }, i) => {
      if (truth.messages[i]?.id !== id) violated('order', `${chat}: ${id} does not have the seq ${i + 1} any more`);
      if (recalled && !truth.messages[i]?.recalled) violated('recall', `${chat}: ${id} came back`);
    });
    for (const part of truth.parts.values()) {
      const was = old?.parts.get(part.user);
      if (was && part.readUpTo < was.readUpTo) violated('I-4', `${chat}: ${part.user} went back from ${was.readUpTo} to ${part.readUpTo}`);
      if (part.readUpTo > truth.messages.length)
        violated('I-5', `${chat}: ${part.user} has read ${part.readUpTo} of ${truth.messages.length}`);
      for (const { seq } of was && part.readUpTo < truth.messages.length ? truth.messages.slice(part.readUpTo) : [])
        if (has(was!.cleared, seq) && !has(part.cleared, seq)) violated('I-2', `${chat}: ${part.user} cleared ${seq}, and it counts again`);
      if (part.cleared.some(([, upTo]) => upTo > truth.messages.length))
        violated('I-5', `${chat}: ${part.user} cleared ${JSON.stringify(part.cleared)} of ${truth.messages.length}`);
      if (truth.isGroup && part.delivered.length + part.read.length > 0)
        violated('I-7', `${chat}: a group has delivery or conversation receipts`);
      for (const { seq, senderId, asked } of truth.messages) {
        // No later receipt of any device names messages read while receipts were switched off.
        const toldOf = (one: Truth, { user, read, named }: Part): boolean =>
          one.isGroup ? one.receipts.get(seq)?.readers.includes(user) === true : has(read, seq) || (asked && has(named, seq));
        if (old && was && senderId !== part.user && has(was.untold, seq) && toldOf(truth, part) && !toldOf(old, was))
          violated('I-6', `${chat}: ${part.user} read ${seq} while receipts were off, and a receipt names it`);
        // Own messages in between are covered too, and in groups all messages without a receipt request, so
        // that the set stays one range. These messages have no receipt.
        if (!truth.isGroup && senderId !== part.user && has(part.named, seq) && !asked)
          violated('I-6', `${chat}: ${part.user} confirmed ${seq}, which requests no receipt`);
      }
    }
    for (const [seq, { readers, memberCount, lastAt }] of truth.receipts) {
      if (new Set(readers).size !== readers.length || readers.length > memberCount)
        violated('I-11', `${chat}: ${seq} was read by ${readers.join()} of ${memberCount}`);
      const message = truth.messages[seq - 1];
      if (message && lastAt > message.sentAt + RECEIPT_WINDOW_MS) violated('I-9', `${chat}: ${seq} was read after its time`);
      const counted = [...truth.parts.values()].filter(({ user, present }) => user !== message?.senderId && has(present, seq)).length;
      if (message && memberCount !== counted) violated('I-11', `${chat}: ${seq} counts ${memberCount} readers, ${counted} were there`);
      if (message && readers.includes(message.senderId)) violated('I-5', `${chat}: ${seq} was read by its sender`);
      for (const reader of readers)
        if (!has(truth.parts.get(reader)?.present ?? [], seq)) violated('I-25', `${chat}: ${reader} read ${seq} and was no member then`);
      if ((old?.receipts.get(seq)?.readers.length ?? 0) > readers.length) violated('I-11', `${chat}: fewer have read ${seq} than before`);
    }
  }
};

const sure = (op: Op): boolean => op.state === 'done' && !op.isDoubtful;

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
  /** The end of a message's entry on the sending device. */
  readonly endOf: (id: string, device: string) => string | undefined;
}

/** After a single archiving and no mute, the chat is archived exactly if no message came since. */
const judgeArchive = (
  { chat, messages }: Truth,
  { user, archived, archiveFlag }: Part,
  book: Book,
  excused: boolean,
  violated: Violated,
): void => {
  const calls = book.of(user, chat, 'archive');
  const [call] = calls;
  if (archiveFlag && !calls.some(({ value }) => value)) violated('I-5', `${chat}: ${user} never archived it`);
  if (!call || excused || calls.length > 1 || !sure(call) || call.latestShown === 0 || book.of(user, chat, 'mute').length > 0) return;
  const isSince = (after: number): boolean =>
    messages.some(({ seq, senderId, countable }) => seq > after && senderId !== user && countable);
  if (call.value && !archived && !isSince(call.latestShown))
    violated('I-3', `${chat}: ${user} archived it (op ${call.n}), no message came, and it is not archived`);
  if (archived && (!call.value || isSince(call.latestAtEnd)))
    violated('I-3', `${chat}: ${user} did archive ${String(call.value)} (op ${call.n}), and it is still archived`);
};

/** Compares the calls with the server's tables, after the world came to rest. */
export const judgeMeaning = (
  truths: Map<Chat, Truth>,
  book: Book,
  { restored, mayForget, membersChanged, mayExpire, blocks, wasRecallRefused, endOf }: Circumstances,
  violated: Violated,
): void => {
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
      if (sure(op) && !refused && !forgotten) violated('I-3', `${from} sent ${id} to ${chat}, and the server does not have it`);
    } else if (
      at.truth.chat !== chat ||
      at.message.senderId !== from ||
      at.message.countable !== countable ||
      (at.message.asked && !asks) ||
      mentionText(at.message.mentions) !== mentionText(at.message.recalled ? null : mentions)
    )
      violated('I-5', `${id} is not what ${from} sent`);
    // A repeated frame may have been refused first, and accepted after its sender became a member.
    if (at && !restored && !(membersChanged && chat.startsWith('group:')) && endOf(id, device) === 'rejected')
      violated('I-3', `${from} has ${id} as rejected, and the server has it`);
  }
  for (const id of place.keys()) if (!book.said.has(id)) violated('I-5', `no person sent ${id}`);

  for (const op of book.ops)
    if (op.kind === 'recall' && sure(op) && !(membersChanged && op.chat?.startsWith('group:')))
      for (const id of op.ids)
        // After a restore, the server may have refused the recall while the message was lost, and another
        // device sent the message again. Or the device forgot the confirmed recall, because its clock jumped by
        // more than three days.
        if (place.get(id)?.message.recalled === false && !(restored && (mayForget || wasRecallRefused(id))))
          violated('I-3', `${op.user} recalled ${id}, and the server still has its text`);
  for (const { message } of place.values())
    if (
      message.recalled &&
      !book.ops.some(({ kind, ids, user }) => kind === 'recall' && ids.includes(message.id) && user === message.senderId)
    )
      violated('I-5', `no person recalled ${message.id}`);

  for (const truth of truths.values()) {
    const { chat, messages, parts, receipts, isGroup } = truth;
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
      for (const { id, seq, senderId, countable, uncountedFor, recalled } of messages) {
        const isLeftOut = uncountedFor.includes(user);
        if (isLeftOut && !blocks.wasBlocked(senderId, user))
          violated('I-12', `${chat}: ${id} does not count for ${user}, and the host never said so`);
        const isUnread = part.isIn && senderId !== user && countable && !recalled && seq > part.readUpTo && seq > part.joinedAt;
        if (isUnread && isLeftOut !== blocks.isBlocked(senderId, user))
          violated('I-12', `${chat}: ${id} ${isLeftOut ? 'does not count' : 'counts'} for ${user}, and the host says otherwise`);
      }
      const clears = book.of(user, chat, 'clear-some');
      for (const { id, seq, senderId, countable, recalled } of restored ? [] : messages) {
        const isCleared = has(part.cleared, seq);
        if (isCleared && !clears.some(({ ids }) => ids.includes(id))) violated('I-5', `${chat}: ${user} never cleared ${id}`);
        const must = clears.find((op) => sure(op) && op.ids.includes(id));
        const counts = senderId !== user && countable && !recalled && seq > part.readUpTo && seq > part.joinedAt;
        if (must && counts && !isCleared && !(membersChanged && isGroup))
          violated('I-3', `${chat}: ${user} cleared ${id} (op ${must.n}), and it counts`);
      }
      for (const [kind, shown] of [
        ['mute', part.muted],
        ['mark', part.marked],
      ] as const) {
        const set = book.of(user, chat, kind);
        if (shown && !set.some(({ value }) => value)) violated('I-5', `${chat}: ${user} never did ${kind}`);
        if (
          kind === 'mute' &&
          set.length === 1 &&
          sure(set[0]!) &&
          (set[0]!.latestShown > 0 || !isGroup) &&
          shown !== set[0]!.value &&
          !restored &&
          !(membersChanged && isGroup)
        )
          violated('I-3', `${chat}: ${user} set ${kind} to ${String(set[0]!.value)}`);
      }
      judgeArchive(truth, part, book, restored || (membersChanged && isGroup), violated);
      const acks = book.of(user, chat, 'ack', 'view', 'read-group');
      const readers = (seq: number): boolean => (isGroup ? receipts.get(seq)?.readers.includes(user) === true : has(part.named, seq));
      for (const { id, seq, senderId, asked, recalled, sentAt } of messages) {
        const told = readers(seq);
        const mayTell = ({ kind, ids, after, latestAtEnd, isForbidden }: Op): boolean =>
          isForbidden !== true && (kind === 'ack' ? ids.includes(id) : seq > after && seq <= latestAtEnd);
        if (told && senderId !== user && !restored && !acks.some(mayTell)) violated('I-6', `${chat}: ${user} sent no receipt for ${id}`);
        // The server rightly refuses a receipt older than its message.
        const meant = acks.find((op) => sure(op) && op.queued.includes(id) && op.at + EPOCH >= sentAt);
        const excused =
          restored ||
          recalled ||
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
