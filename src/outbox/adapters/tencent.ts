/**
 * `tidemark/outbox/tencent`: receipts through `@tencentcloud/chat` 3. `read` sends message read receipts, 30 in a request; `readConversation`
 * and `clear` are `setMessageRead`, which clears the count and tells the peer of a C2C conversation.
 */
import type { OutboxOptions } from '../api.ts';
import type { PendingReceipts } from '../pending.ts';
import { ReceiptRefused } from '../sender.ts';
import { connectedBy } from './connected.ts';
import { refusing } from './refusing.ts';

/** The part of the SDK's `chat` that the adapter calls. The vendor documents the members. */
export interface TencentChat {
  isReady(): boolean;
  findMessage(messageID: string): object | null;
  getMessageList(options: {
    conversationID: string;
    nextReqMessageID?: string;
  }): Promise<{ data: { nextReqMessageID: string; isCompleted: boolean } }>;
  sendMessageReadReceipt(messages: readonly object[]): Promise<unknown>;
  setMessageRead(options: { conversationID: string }): Promise<unknown>;
  on(event: string, listener: (event: { readonly data?: { readonly state?: string } }) => void): void;
  off(event: string, listener: (event: { readonly data?: { readonly state?: string } }) => void): void;
}

const MOST_IN_A_REQUEST = 30;
/** After a reload the SDK has no messages in memory: older messages than in these pages are not looked for. */
const MOST_PAGES = 10;
/** No permission, no such group, not a member, a feature outside the app's plan. */
const taking = refusing((error) => (error as { readonly code?: number }).code, [10007, 10010, 10015, 10062, 20009]);

/** Loads the newest pages until the SDK has each message in memory. @returns the ids of missing messages. */
const load = async (chat: TencentChat, conversationID: string, ids: readonly string[]): Promise<string[]> => {
  const missing = (): string[] => ids.filter((id) => !chat.findMessage(id));
  let next: string | undefined;
  for (let page = 0; page < MOST_PAGES && missing().length > 0; page++) {
    const { data } = await chat.getMessageList({ conversationID, ...(next === undefined ? {} : { nextReqMessageID: next }) });
    if (data.isCompleted) break;
    next = data.nextReqMessageID;
  }
  return missing();
};

/** The conversation id of the outbox is the SDK's, for example `C2Cben` or `GROUPcrew`. */
export const tencentOutbox = (chat: TencentChat): Pick<OutboxOptions, 'send' | 'connected'> => ({
  async send({ conversation, messages, readUpTo, cleared }: PendingReceipts) {
    const ids = messages.map(({ id }) => id);
    const missing = new Set(await taking(load(chat, conversation, ids)));
    const found = ids.filter((id) => !missing.has(id));
    for (let i = 0; i < found.length; i += MOST_IN_A_REQUEST) {
      const some = found.slice(i, i + MOST_IN_A_REQUEST);
      await taking(chat.sendMessageReadReceipt(some.map((id) => chat.findMessage(id)!)), some);
    }
    if (readUpTo || cleared) await taking(chat.setMessageRead({ conversationID: conversation }));
    if (missing.size > 0) throw new ReceiptRefused('message-not-found', [...missing]);
  },
  connected: connectedBy(
    () => chat.isReady(),
    (next) => {
      const ready = (): void => next(true);
      const notReady = (): void => next(false);
      const network = ({ data }: { readonly data?: { readonly state?: string } }): void =>
        next(data?.state === 'connected' && chat.isReady());
      const events = [
        ['sdkStateReady', ready],
        ['sdkStateNotReady', notReady],
        ['netStateChange', network],
      ] as const;
      for (const [event, listener] of events) chat.on(event, listener);
      return () => {
        for (const [event, listener] of events) chat.off(event, listener);
      };
    },
  ),
});
