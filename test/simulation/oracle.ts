/**
 * What must be true in the end, worked out from what people meant (the book) and from the order in which the server took it (its
 * tables), by plain sets and loops. It shares no code with what it judges.
 */
import type { MemoryDump } from '../../src/server/store/memory/memory-tables.ts';
import { type Book, type Chat, directChat, type Op } from './book.ts';

type Pairs = readonly (readonly [number, number])[];

/** By the server's policy, as it is by default. */
export const RECEIPT_WINDOW_MS = 3 * 86_400_000;
/** When virtual time begins, epoch ms. */
export const EPOCH = Date.UTC(2026, 0, 1);

const has = (ranges: Pairs, seq: number): boolean => ranges.some(([from, upTo]) => seq >= from && seq <= upTo);

export interface SeenMessage {
  readonly id: string;
  readonly seq: number;
  readonly senderId: string;
  readonly countable: boolean;
  readonly recalled: boolean;
  readonly asked: boolean;
  readonly sentAt: number;
}

/** One member's part of a conversation, as the server has it. */
export interface Part {
  readonly user: string;
  readonly isIn: boolean;
  readonly joinedAt: number;
  readonly readUpTo: number;
  readonly muted: boolean;
  readonly marked: boolean;
  readonly delivered: Pairs;
  readonly read: Pairs;
  readonly named: Pairs;
  readonly present: Pairs;
}

export interface Truth {
  readonly chat: Chat;
  readonly isGroup: boolean;
  readonly messages: readonly SeenMessage[];
  readonly parts: ReadonlyMap<string, Part>;
  /** By seq: who has read it, and how many could; groups. */
  readonly receipts: ReadonlyMap<
    number,
    { readonly readers: readonly string[]; readonly lastAt: number; readonly memberCount: number; readonly expired: boolean }
  >;
}

/** What is at somebody, and was not told as delivered; direct chats. */
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
      ({ userId, role, joinedAt, readUpTo, muted, marked, delivered, read, named, present }): [string, Part] => [
        userId,
        {
          user: userId,
          isIn: groupId === null || role !== null,
          joinedAt,
          readUpTo,
          muted: muted.value,
          marked: marked.value && readUpTo <= marked.at,
          delivered,
          read,
          named,
          present,
        },
      ],
    );
    truths.set(chat, {
      chat,
      isGroup: groupId !== null,
      messages: inOf(dump.messages, id)
        .sort((a, b) => a.seq - b.seq)
        .map(({ id: messageId, seq, senderId, countable, recalled, receiptRequested, sentAt }) => ({
          id: messageId,
          seq,
          senderId,
          countable,
          recalled,
          asked: receiptRequested,
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

/** I-12 */
export const unreadOf = ({ messages }: Truth, { user, readUpTo, joinedAt }: Part): number =>
  messages.filter(
    ({ seq, senderId, countable, recalled }) => seq > readUpTo && seq > joinedAt && senderId !== user && countable && !recalled,
  ).length;

export type Violated = (invariant: string, why: string) => void;

/** What must hold at every moment, of the server's tables alone. `before` they held too. */
export const judgeTables = (now: Map<Chat, Truth>, before: Map<Chat, Truth> | null, violated: Violated): void => {
  for (const [chat, truth] of now) {
    const old = before?.get(chat);
    const ids = new Set<string>();
    truth.messages.forEach(({ id, seq }, i) => {
      if (seq !== i + 1) violated('gapless', `${chat}: ${id} stands at ${seq}, the ${i + 1}th`);
      if (ids.has(id)) violated('I-2', `${chat}: ${id} is there twice`);
      ids.add(id);
    });
    old?.messages.forEach(({ id, recalled }, i) => {
      if (truth.messages[i]?.id !== id) violated('order', `${chat}: ${id} is not at ${i + 1} any more`);
      if (recalled && !truth.messages[i]?.recalled) violated('recall', `${chat}: ${id} came back`);
    });
    for (const part of truth.parts.values()) {
      const was = old?.parts.get(part.user);
      if (was && part.readUpTo < was.readUpTo) violated('I-4', `${chat}: ${part.user} went back from ${was.readUpTo} to ${part.readUpTo}`);
      if (part.readUpTo > truth.messages.length)
        violated('I-5', `${chat}: ${part.user} has read ${part.readUpTo} of ${truth.messages.length}`);
      if (truth.isGroup && part.delivered.length + part.read.length > 0) violated('I-7', `${chat}: a group knows of deliveries`);
      for (const { seq, senderId, asked } of truth.messages) {
        // Own messages between are named along, in groups all that asks nothing, so that the set stays one range: they say nothing.
        if (!truth.isGroup && senderId !== part.user && has(part.named, seq) && !asked)
          violated('I-6', `${chat}: ${part.user} acked ${seq}, which did not ask`);
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
  /** The server lost history: places may have moved, and what nobody kept is gone. */
  readonly restored: boolean;
  /** Days passed, or seemed to pass, between what was acked and its loss. */
  readonly mayForget: boolean;
  /** Groups whose members changed. */
  readonly membersChanged: boolean;
  /** A receipt may have come too late for its message. */
  readonly mayExpire: (sentAt: number) => boolean;
  /** Nobody ever switched anything off, and every device could hold what came. */
  /** Whether a recall of it was refused, and its user told so. */
  readonly wasRecallRefused: (id: string) => boolean;
  /** How the entry of a message ended on the device that sent it. */
  readonly endOf: (id: string, device: string) => string | undefined;
}

/** What was meant, against what the server has, after everything came to rest. */
export const judgeMeaning = (
  truths: Map<Chat, Truth>,
  book: Book,
  { restored, mayForget, membersChanged, mayExpire, wasRecallRefused, endOf }: Circumstances,
  violated: Violated,
): void => {
  const place = new Map<string, { readonly truth: Truth; readonly message: SeenMessage }>();
  for (const truth of truths.values()) for (const message of truth.messages) place.set(message.id, { truth, message });

  for (const { id, chat, op, from, device, countable, asks } of book.said.values()) {
    const at = place.get(id);
    if (!at) {
      const end = endOf(id, device);
      // Only a group may refuse: one the sender is not in.
      const refused =
        chat.startsWith('group:') && end === 'rejected' && (membersChanged || truths.get(chat)?.parts.get(from)?.isIn !== true);
      // What was acked is offered again for three days by the device's own clock, and a group may be closed to it by then.
      const forgotten = restored && (mayForget || (membersChanged && chat.startsWith('group:')));
      if (sure(op) && !refused && !forgotten) violated('I-3', `${from} sent ${id} to ${chat}, and the server does not have it`);
    } else if (at.truth.chat !== chat || at.message.senderId !== from || at.message.countable !== countable || (at.message.asked && !asks))
      violated('I-5', `${id} is not what ${from} sent`);
    // A frame that came twice may have been refused first, and taken once its sender was a member.
    if (at && !restored && !(membersChanged && chat.startsWith('group:')) && endOf(id, device) === 'rejected')
      violated('I-3', `${from} is told that ${id} was refused, and the server has it`);
  }
  for (const id of place.keys()) if (!book.said.has(id)) violated('I-5', `nobody sent ${id}`);

  for (const op of book.ops)
    if (op.kind === 'recall' && sure(op) && !(membersChanged && op.chat?.startsWith('group:')))
      for (const id of op.ids)
        // After a restore: the server refused the recall while the message was lost, and another device offered the message again. Or the
        // device forgot the confirmed recall, because its clock jumped by more than three days.
        if (place.get(id)?.message.recalled === false && !(restored && (mayForget || wasRecallRefused(id))))
          violated('I-3', `${op.user} took ${id} back, and it is there`);
  for (const { message } of place.values())
    if (
      message.recalled &&
      !book.ops.some(({ kind, ids, user }) => kind === 'recall' && ids.includes(message.id) && user === message.senderId)
    )
      violated('I-5', `nobody took ${message.id} back`);

  for (const truth of truths.values()) {
    const { chat, messages, parts, receipts, isGroup } = truth;
    for (const part of parts.values()) {
      const { user } = part;
      const moves = book.of(user, chat, 'clear', 'clear-all', 'read-chat', 'read-group', 'view');
      // Where a restored copy took the places anew, a position of before names another message: then only agreement is judged.
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
      const acks = book.of(user, chat, 'ack', 'view', 'read-group');
      const readers = (seq: number): boolean => (isGroup ? receipts.get(seq)?.readers.includes(user) === true : has(part.named, seq));
      for (const { id, seq, senderId, asked, recalled, sentAt } of messages) {
        const told = readers(seq);
        if (told && senderId !== user && !restored && !acks.some(({ kind, ids }) => kind !== 'ack' || ids.includes(id)))
          violated('I-6', `${chat}: ${user} never told of ${id}`);
        // One that was named before it was at the server is refused by right.
        const meant = acks.find((op) => sure(op) && op.queued.includes(id) && op.at + EPOCH >= sentAt);
        const excused =
          restored ||
          recalled ||
          !asked ||
          senderId === user ||
          (isGroup && (membersChanged || !has(part.present, seq) || mayExpire(sentAt) || !receipts.has(seq)));
        if (meant && !told && !excused) violated('I-3', `${chat}: ${user} told of ${id} (op ${meant.n}), and the server does not know`);
        if (!isGroup && has(part.read, seq) && !restored && book.of(user, chat, 'read-chat').length === 0)
          violated('I-6', `${chat}: ${user} never sent a conversation receipt`);
        if (!isGroup && book.silent.has(user) && (told || has(part.read, seq) || has(part.delivered, seq)))
          violated('I-6', `${chat}: ${user} tells nothing, and ${seq} is told`);
      }
    }
  }
};
