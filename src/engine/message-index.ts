/**
 * From a message's id to what receipts need to know of it, without reading pages for every call: a bounded cache of pages looked
 * into before. Cleared when pages change under it (a fold, another history); what no page has yet is looked for in the tail.
 */
import type { ConversationId, MessageId, Seq, UserId } from '../model/ids.ts';
import { highest, intersect, range } from '../model/ranges.ts';
import type { StoreTx } from '../ports/ports.ts';
import type { KeptMessage } from '../store/journal.ts';
import { type IndexLine, pagesOf, readIndexes } from '../store/pages.ts';
import type { HotConversation } from './hot-conversation.ts';

export interface Located {
  readonly seq: Seq;
  readonly own: boolean;
  readonly receiptRequested: boolean;
  readonly recalled: boolean;
}

/** Of the model, what is needed here. */
interface Conversations {
  get(id: ConversationId): HotConversation | undefined;
}

/** What somebody is about to name. */
export interface Lookup {
  readonly conversationId: ConversationId;
  readonly ids: readonly MessageId[];
}

const MAX_ENTRIES = 120_000;
/** Pages of one conversation per round: most of what is named is new. */
const MAX_PAGES_AT_ONCE = 16;

interface Indexed {
  readonly pages: Set<number>;
  readonly ids: Map<MessageId, Located>;
}

const describe = ({ seq, senderId, receiptRequested, recalled }: KeptMessage, me: UserId): Located => ({
  seq,
  own: senderId === me,
  receiptRequested,
  recalled,
});

export class MessageIndex {
  private readonly conversations = new Map<ConversationId, Indexed>();
  private entries = 0;

  constructor(private readonly me: UserId) {}

  clear(): void {
    this.conversations.clear();
    this.entries = 0;
  }

  /** What is known of a message without reading anything. */
  find(conversation: HotConversation, id: MessageId): Located | undefined {
    const { newest } = conversation;
    const known = this.conversations.get(conversation.id)?.ids.get(id);
    const unpaged = known && conversation.tail.get(known.seq)?.value;
    if (known) return unpaged ? describe(unpaged, this.me) : known;
    if (newest?.id === id) return describe(conversation.tail.get(newest.seq)?.value ?? newest, this.me);
    const seq = conversation.tailIds.get(id);
    const value = seq === undefined ? undefined : conversation.tail.get(seq)?.value;
    return value && describe(value, this.me);
  }

  /** Reads pages until every id is found or all pages were looked into. One round trip for all conversations together. */
  async prefetch(tx: StoreTx, model: Conversations, lookups: readonly Lookup[]): Promise<void> {
    for (let most = 1; ; most = Math.min(MAX_PAGES_AT_ONCE, most * 2)) {
      const wanted = new Map<ConversationId, number[]>();
      for (const { conversationId, ids } of lookups) {
        if (wanted.has(conversationId)) continue;
        const conversation = model.get(conversationId);
        if (!conversation || ids.every((id) => this.find(conversation, id))) continue;
        const pages = this.newestUnread(conversation, most);
        if (pages.length > 0) wanted.set(conversationId, pages);
      }
      if (wanted.size === 0) return;
      const keys = [...wanted].flatMap(([conversationId, pages]) => pages.map((page) => ({ conversationId, page })));
      const read = await readIndexes(tx, keys);
      keys.forEach(({ conversationId, page }, i) => this.add(conversationId, page, read[i]!));
    }
  }

  private newestUnread(conversation: HotConversation, count: number): number[] {
    const known = this.conversations.get(conversation.id)?.pages;
    const pages: number[] = [];
    for (const page of pagesOf(intersect(conversation.held, range(1, highest(conversation.held)))).reverse()) {
      if (known?.has(page)) continue;
      pages.push(page);
      if (pages.length === count) break;
    }
    return pages;
  }

  private add(conversationId: ConversationId, page: number, lines: readonly IndexLine[]): void {
    const indexed = this.conversations.get(conversationId) ?? { pages: new Set(), ids: new Map<MessageId, Located>() };
    // The last used goes last, so that the first is the one to forget.
    this.conversations.delete(conversationId);
    this.conversations.set(conversationId, indexed);
    const before = indexed.ids.size;
    indexed.pages.add(page);
    for (const [id, seq, senderId, receiptRequested, recalled] of lines)
      indexed.ids.set(id, { seq, own: senderId === this.me, receiptRequested: receiptRequested === 1, recalled: recalled === 1 });
    this.entries += indexed.ids.size - before;
    for (const [id, oldest] of this.conversations) {
      if (this.entries <= MAX_ENTRIES || id === conversationId) break;
      this.conversations.delete(id);
      this.entries -= oldest.ids.size;
    }
  }
}
