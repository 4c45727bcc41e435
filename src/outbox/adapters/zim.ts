/**
 * `tidemark/outbox/zim`: receipts through `zego-zim-web` 2. `read` sends message receipts, 10 in a request; `readConversation` is the
 * conversation receipt, for chats of two only; `clear` clears the count at the server.
 */
import type { OutboxOptions } from '../api.ts';
import type { PendingReceipts } from '../pending.ts';
import { ReceiptRefused } from '../sender.ts';
import { refusing } from './refusing.ts';

/** A message of the SDK, as far as the adapter reads it. The vendor documents the fields. */
interface ZimMessage {
  readonly messageID?: string;
}

/** The part of `ZIM` that the adapter calls. The vendor documents the members. */
export interface ZimClient {
  queryHistoryMessage(
    conversationID: string,
    type: number,
    config: { nextMessage?: object; count: number; reverse: boolean },
  ): Promise<{ messageList: ZimMessage[] }>;
  sendMessageReceiptsRead(messages: readonly object[], conversationID: string, type: number): Promise<{ errorMessageIDs: string[] }>;
  sendConversationMessageReceiptRead(conversationID: string, type: number): Promise<unknown>;
  clearConversationUnreadMessageCount(conversationID: string, type: number): Promise<unknown>;
}

const MOST_IN_A_REQUEST = 10;
const PAGE = 100;
const MOST_PAGES = 10;
/** Wrong parameters, no such receiver, no permission, no member, no such group, no such conversation. */
const taking = refusing((error) => (error as { readonly code?: number }).code, [6000001, 6000204, 6000285, 6000521, 6000523, 6000603]);
const PEER = 0;

/** The conversation id of the outbox: `0:ben` for a chat of two, `2:crew` for a group. */
export const zimConversation = (type: number, conversationID: string): string => `${type}:${conversationID}`;

const find = async (zim: ZimClient, id: string, type: number, ids: ReadonlySet<string>): Promise<Map<string, ZimMessage>> => {
  const found = new Map<string, ZimMessage>();
  let next: ZimMessage | undefined;
  for (let page = 0; page < MOST_PAGES && found.size < ids.size; page++) {
    const { messageList } = await zim.queryHistoryMessage(id, type, { ...(next ? { nextMessage: next } : {}), count: PAGE, reverse: true });
    for (const message of messageList) if (ids.has(message.messageID!)) found.set(message.messageID!, message);
    if (messageList.length < PAGE) break;
    next = messageList[0];
  }
  return found;
};

/** @param connected fed by the app's own `connectionStateChanged` listener: ZIM has a single listener for each event. */
export const zimOutbox = (zim: ZimClient, connected: OutboxOptions['connected']): Pick<OutboxOptions, 'send' | 'connected'> => ({
  async send({ conversation, messages, readUpTo, cleared }: PendingReceipts) {
    const [, kind, id] = /^(\d+):([^]+)$/.exec(conversation) ?? [];
    if (!id) throw new ReceiptRefused('not-a-zim-conversation');
    const type = Number(kind);
    const ids = new Set(messages.map((message) => message.id));
    const found = await taking(find(zim, id, type, ids));
    const refused = [...ids].filter((one) => !found.has(one));
    const known = [...found.keys()];
    for (let i = 0; i < known.length; i += MOST_IN_A_REQUEST) {
      const some = known.slice(i, i + MOST_IN_A_REQUEST);
      const told = some.map((one) => found.get(one)!);
      refused.push(...(await taking(zim.sendMessageReceiptsRead(told, id, type), some)).errorMessageIDs);
    }
    if (readUpTo && type === PEER) await taking(zim.sendConversationMessageReceiptRead(id, type));
    if (readUpTo || cleared) await taking(zim.clearConversationUnreadMessageCount(id, type));
    if (refused.length > 0) throw new ReceiptRefused('message-refused', refused);
  },
  connected,
});
