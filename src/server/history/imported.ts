/** The history that the host brings from another system, and its check. */
import { UsageError } from '../../errors.ts';
import { type MessageId, requireId, type UserId } from '../../model/ids.ts';
import { type Mentions, requireMentions } from '../../model/message/mentions.ts';
import { bodyText } from '../../model/message/message.ts';
import { readOptions } from '../../model/option-names.ts';

/** A message of the other system. */
export interface ImportedMessage {
  /** The id, the same in a repeated import. */
  readonly id: MessageId;
  /** The user who sent the message. */
  readonly from: UserId;
  /** JSON, at most 16 KiB of text. */
  readonly body: unknown;
  /** Epoch ms. */
  readonly sentAt: number;
  /** Default: true in a direct chat, false in a group. */
  readonly receiptRequested?: boolean;
  /** Default: true. */
  readonly countable?: boolean;
  /** Whom the message mentions. Default: no user. */
  readonly mentions?: Mentions;
}

/** Receipts of one user at one time. */
export interface ImportedReceipt {
  /** The user who read or received the messages. */
  readonly by: UserId;
  /** `delivered` in direct chats only. */
  readonly kind: 'read' | 'delivered';
  /** The messages, of this conversation. */
  readonly messageIds: readonly MessageId[];
  /** Epoch ms, not before the messages. */
  readonly at: number;
}

/** A conversation of the other system: `between` or `group`. */
export interface ImportedConversation {
  /** The two users of a direct chat. */
  readonly between?: readonly [UserId, UserId];
  /** A group that exists. Its members see the messages from after their join. A sender need not be a member any more. */
  readonly group?: string;
  /** The oldest first. Later imports, and the messages of clients, follow them. */
  readonly messages: readonly ImportedMessage[];
  /** The last message that each user has read. Above it, messages of others count as unread. */
  readonly readUpTo?: Readonly<Record<UserId, MessageId>>;
  /** Receipts of the other system, in any order. Default: none. */
  readonly receipts?: readonly ImportedReceipt[];
}

export interface CheckedMessage extends Required<Pick<ImportedMessage, 'id' | 'from' | 'sentAt' | 'receiptRequested' | 'countable'>> {
  readonly body: string;
  readonly mentions: Mentions | undefined;
}

export type Fact =
  | { readonly kind: 'message'; readonly at: number; readonly message: CheckedMessage }
  | { readonly kind: 'receipt'; readonly at: number; readonly receipt: ImportedReceipt };

export interface CheckedConversation {
  /** Either the two users of a direct chat or a group. */
  readonly pair: readonly [UserId, UserId] | undefined;
  readonly group: string | undefined;
  /** Messages and receipts in the order of their times. */
  readonly facts: readonly Fact[];
  /** The message that each user has read last, by its place in `messageIds`. */
  readonly readUpTo: ReadonlyMap<UserId, number>;
  readonly messageIds: readonly MessageId[];
}

const MESSAGE = { id: 1, from: 1, body: 1, sentAt: 1, receiptRequested: 1, countable: 1, mentions: 1 } as const;
const RECEIPT = { by: 1, kind: 1, messageIds: 1, at: 1 } as const;
const CONVERSATION = { between: 1, group: 1, messages: 1, readUpTo: 1, receipts: 1 } as const;

const KINDS: readonly string[] = ['read', 'delivered'];

const wrong = (what: string): UsageError => new UsageError('usage/invalid-argument', `importMessages: ${what}`);

const requireTime = (at: unknown, what: string): number => {
  if (!Number.isSafeInteger(at) || (at as number) < 0) throw wrong(`${what} must be epoch ms; got ${JSON.stringify(at)}`);
  return at as number;
};

const requireFlag = (value: unknown, what: string): boolean => {
  if (typeof value !== 'boolean') throw wrong(`${what} must be true or false; got ${JSON.stringify(value)}`);
  return value;
};

const requireList = <T>(list: readonly T[] | undefined, what: string): readonly T[] => {
  if (!Array.isArray(list)) throw wrong(`${what} must be a list`);
  return list as readonly T[];
};

/** @throws {UsageError} `usage/invalid-argument` that names the value. */
export const checkConversation = (conversation: ImportedConversation): CheckedConversation => {
  const {
    between,
    group,
    messages,
    readUpTo = {},
    receipts = [],
  } = readOptions(conversation, 'importMessages: a conversation', CONVERSATION);
  if ((between === undefined) === (group === undefined))
    throw wrong('a conversation is { between: [user, user] } or { group }, one of them');
  if (group !== undefined) requireId(group, 'group');
  const pair = between && requireList(between, 'between').map((userId) => requireId(userId, 'between'));
  if (pair && (pair.length !== 2 || pair[0] === pair[1])) throw wrong('between must be two different users');
  const requireUser = (userId: unknown, what: string): UserId => {
    const id = requireId(userId, what);
    if (pair && !pair.includes(id)) throw wrong(`${what} "${id}" is not one of the two users of the chat`);
    return id;
  };
  let before = 0;
  const places = new Map<MessageId, { readonly place: number; readonly sentAt: number }>();
  const facts: Fact[] = requireList(messages, 'messages').map((one, place) => {
    const {
      id,
      from,
      body,
      sentAt,
      receiptRequested = pair !== undefined,
      countable = true,
      mentions,
    } = readOptions(one, 'an imported message', MESSAGE);
    requireId(id, 'id');
    if (places.has(id)) throw wrong(`message "${id}" comes twice`);
    if (requireTime(sentAt, `sentAt of "${id}"`) < before)
      throw wrong(`message "${id}" is older than the message before it: the oldest comes first`);
    before = sentAt;
    places.set(id, { place, sentAt });
    const message = {
      id,
      from: requireUser(from, 'from'),
      body: bodyText(body),
      sentAt,
      receiptRequested: requireFlag(receiptRequested, 'receiptRequested'),
      countable: requireFlag(countable, 'countable'),
      mentions: requireMentions(mentions),
    };
    return { kind: 'message', at: sentAt, message };
  });
  const placeOf = (id: MessageId, what: string): { readonly place: number; readonly sentAt: number } => {
    const found = places.get(id);
    if (!found) throw wrong(`${what} names "${id}", which is not among the messages of this call`);
    return found;
  };
  for (const one of requireList(receipts, 'receipts')) {
    const receipt = readOptions(one, 'an imported receipt', RECEIPT);
    const { by, kind, messageIds, at } = receipt;
    requireUser(by, 'by');
    if (!KINDS.includes(kind) || (kind === 'delivered' && !pair)) throw wrong('kind must be "read", or "delivered" in a direct chat');
    if (requireList(messageIds, 'messageIds').length === 0) throw wrong('a receipt names at least one message');
    for (const id of messageIds)
      if (requireTime(at, 'at') < placeOf(id, 'a receipt').sentAt) throw wrong(`the receipt for "${id}" is older than the message`);
    facts.push({ kind: 'receipt', at, receipt });
  }
  // The sort is stable: a receipt of the same time comes behind the message.
  facts.sort((a, b) => a.at - b.at);
  return {
    pair: pair as CheckedConversation['pair'],
    group,
    facts,
    readUpTo: new Map(Object.entries(readUpTo).map(([userId, id]) => [requireUser(userId, 'readUpTo'), placeOf(id, 'readUpTo').place])),
    messageIds: [...places.keys()],
  };
};
