/** A hook to read a conversation while a component shows the conversation. */
import { useEffect, useState } from 'react';
import type { ConversationId, ConversationViewing, FirstUnread, MessageId, ReceiptClient } from '../index.ts';
import { useReceiptClient } from './provider.ts';
import { useStream } from './streams.ts';
import { unlessEnded } from './unless-ended.ts';

/**
 * A view of a client, open while a component uses the view. The view closes in the turn after the last component has
 * left: StrictMode runs an effect twice, and a second view would find the conversation read by the first view,
 * without a divider.
 */
class KeptView {
  private users = 0;

  private constructor(
    readonly viewing: ConversationViewing,
    private readonly forget: () => void,
  ) {}

  private static readonly open = new WeakMap<ReceiptClient, Map<string, KeptView>>();

  /** @param options the options of `viewConversation` as JSON. The client checks them. */
  static of(client: ReceiptClient, conversationId: ConversationId, options: string): KeptView {
    const views = KeptView.open.get(client) ?? new Map<string, KeptView>();
    KeptView.open.set(client, views);
    const key = `${options} ${conversationId}`;
    let kept = views.get(key);
    if (!kept) {
      const given = JSON.parse(options) as ViewOptions;
      kept = new KeptView(client.viewConversation(conversationId, given), () => views.delete(key));
      views.set(key, kept);
    }
    return kept;
  }

  /** @returns a function for the user's end. */
  use(): () => void {
    this.users++;
    return () => {
      this.users--;
      queueMicrotask(() => {
        if (this.users > 0) return;
        this.forget();
        this.viewing.close();
      });
    };
  }
}

interface ViewOptions {
  readonly receipts?: boolean;
}

/** What `useConversationView` gives. */
export interface ShownConversation {
  /** The place of the divider "new messages"; null if nothing was unread, undefined while unknown. */
  readonly firstUnread: FirstUnread | null | undefined;
  /** The user has seen this message: from now on, the view reads only up to the newest seen message. */
  readonly seen: (messageId: MessageId) => void;
}

/**
 * Reads a conversation while the component is mounted and the page is visible and focused.
 *
 * @param conversationId null while no conversation is open.
 * @param options.receipts false: the senders learn nothing from this view. Default true.
 * @see `viewConversation`
 */
export const useConversationView = (
  conversationId: ConversationId | null,
  options: { readonly receipts?: boolean } = {},
): ShownConversation => {
  // The object may be new in each rendering.
  const given = JSON.stringify({ receipts: true, ...options });
  const client = useReceiptClient();
  const [viewing, setViewing] = useState<ConversationViewing | null>(null);
  useEffect(() => {
    if (conversationId === null) return undefined;
    const kept = unlessEnded(client, (open) => KeptView.of(open, conversationId, given));
    if (!kept) return undefined;
    setViewing(kept.viewing);
    const leave = kept.use();
    return () => {
      setViewing(null);
      leave();
    };
  }, [client, conversationId, given]);
  const firstUnread = useStream(viewing && viewing.firstUnread);
  return { firstUnread, seen: (messageId) => viewing?.seen(messageId) };
};
