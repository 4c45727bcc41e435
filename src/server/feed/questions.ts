/**
 * Answers questions about receipts: the receipts of messages, and the readers of a message. A user without
 * permission gets the same answer as for a message without receipts (I-10).
 */
import { byteLength } from '../../model/byte-length.ts';
import { isId } from '../../model/ids.ts';
import { type ReadMember } from '../../model/message/receipt.ts';
import { MAX_SERVER_FRAME_BYTES } from '../../protocol/limits.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { WireFoundReceipt } from '../../protocol/receipts.ts';
import { type MessageRecord, nameOf, type MessageKey } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import { messageKey, groupReceiptsOf, seesReaders, receiptTimesOf, type Viewer } from './wire-messages.ts';

const NOBODY = { members: [], cursor: null, complete: true };
const MEMBERS_BUDGET = MAX_SERVER_FRAME_BYTES - 4096;

/** Finds the receipts of messages, in the order of the ids. */
export const findReceipts = async (tx: ServerReadTx, viewer: Viewer, ids: readonly string[]): Promise<WireFoundReceipt[]> => {
  const { userId: me } = viewer;
  const messages = new Map((await tx.messagesById([...new Set(ids)], 0)).map((message) => [message.id, message]));
  const conversationIds = [...new Set([...messages.values()].map(({ conversationId }) => conversationId))];
  const conversations = new Map((await tx.conversationsById(me, conversationIds)).map((one) => [one.id, one]));
  const isDirect = ({ conversationId }: MessageKey): boolean => conversations.get(conversationId)?.groupId === null;
  const visible = [...messages.values()].filter(({ conversationId, recalled }) => conversations.has(conversationId) && !recalled);
  const direct = visible.filter((message) => isDirect(message) && message.senderId === me);
  const times = await receiptTimesOf(tx, me, direct);
  const receipts = await groupReceiptsOf(
    tx,
    viewer,
    visible.filter((message) => !isDirect(message) && seesReaders(viewer, message)),
  );

  const found = (message: MessageRecord): Omit<WireFoundReceipt, 'messageId'> | undefined => {
    const conversation = conversations.get(message.conversationId);
    const key = messageKey(message);
    if (!conversation || message.recalled) return undefined;
    const location = { conversationId: nameOf(conversation, me), seq: message.seq };
    const receipt = receipts.get(key);
    if (receipt) return { ...receipt, location };
    if (!isDirect(message) || message.senderId !== me) return undefined;
    const known = times.get(key);
    return { readCount: 0, memberCount: 0, expired: false, location, ...(known ? { times: known } : {}) };
  };
  return ids.map((messageId) => {
    const message = messages.get(messageId);
    return { messageId, ...((message && found(message)) ?? { readCount: 0, memberCount: 0, expired: false }) };
  });
};

type MembersPage = Omit<Frame<'members'>, 'type' | 'id'>;
type Ask = Pick<Frame<'fetch-members'>, 'messageId' | 'filter' | 'limit'>;

/** The end of a page in a list of members: the next page begins after this member. */
export interface ListPosition {
  readonly at: number;
  readonly userId: string;
}

const CURSOR = { read: /^r(0|[1-9][0-9]{0,15})\.(.+)$/s, unread: /^u(0)\.(.+)$/s };

/** Reads the cursor of a list. @returns `undefined` for a cursor of another list. */
export const parseListCursor = (cursor: string, filter: Ask['filter']): ListPosition | undefined => {
  const [, at, userId] = CURSOR[filter].exec(cursor) ?? [];
  return at === undefined || !isId(userId) ? undefined : { at: Number(at), userId };
};

const cursorBehind = (filter: Ask['filter'], { userId, readAt }: ReadMember): string =>
  filter === 'read' ? `r${readAt ?? 0}.${userId}` : `u0.${userId}`;

/** Lists one page of members; long texts end the page early. */
export const listMembers = async (tx: ServerReadTx, viewer: Viewer, ask: Ask, after: ListPosition | null): Promise<MembersPage> => {
  const { messageId, filter, limit } = ask;
  const [message] = await tx.messagesById([messageId], 0);
  if (!message || message.recalled || !seesReaders(viewer, message)) return NOBODY;
  const [conversation] = await tx.conversationsById(viewer.userId, [message.conversationId]);
  const [receipt] = await tx.receiptsIn([{ conversationId: message.conversationId, range: [message.seq, message.seq] }]);
  if (!conversation || !receipt) return NOBODY;

  const list: ReadMember[] =
    filter === 'read'
      ? (await tx.readers(receipt, after, limit + 1)).map(({ userId, at, content }) => ({
          userId,
          readAt: at,
          ...(content === null ? {} : { content }),
        }))
      : (await tx.nonReaders(receipt, receipt.senderId, after?.userId ?? null, limit + 1)).map((userId) => ({ userId, readAt: null }));
  const members: ReadMember[] = [];
  let bytes = 0;
  for (const member of list.slice(0, limit)) {
    bytes += byteLength(JSON.stringify(member)) + 1;
    if (members.length > 0 && bytes > MEMBERS_BUDGET) break;
    members.push(member);
  }
  const last = members[members.length - 1];
  const complete = members.length === list.length || !last;
  return { members: members.map((member) => ({ ...member })), cursor: complete ? null : cursorBehind(filter, last), complete };
};
