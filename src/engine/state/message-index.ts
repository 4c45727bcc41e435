/**
 * From a message's id to what receipts need to know of it, without reading pages for every call: a bounded cache of pages looked
 * into before. Cleared when pages change under it (a fold, another history); what no page has yet is looked for in the tail.
 */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import { contains, highest, intersect, range, size } from '../../model/ranges.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import {
  type IndexedMessage,
  type IndexLine,
  type PageIndex,
  pagesOf,
  parseIndexLine,
  readAllIndexes,
  readIndex,
  readIndexes,
} from '../../log/pages.ts';
import type { ConversationState } from './conversation-state.ts';

export interface Located {
  readonly seq: Seq;
  readonly own: boolean;
  readonly receiptRequested: boolean;
  readonly recalled: boolean;
  /** Groups: receipts for it are not taken any more. */
  readonly expired: boolean;
}

/** Of the model, what is needed here. */
interface Conversations {
  readonly conversations: ReadonlyMap<ConversationId, ConversationState>;
  get(id: ConversationId): ConversationState | undefined;
}

/** What somebody is about to name. */
export interface Lookup {
  readonly conversationId: ConversationId;
  readonly ids: readonly MessageId[];
}

/** Characters of indexes kept: about fifty to a message. */
const MAX_CACHED_TEXT = 8_000_000;
/** Pages of one conversation per round: most of what is named is new. */
const MAX_PAGES_AT_ONCE = 16;
/** From so many pages at once everything is read in one request, where all of it would be kept. */
const MANY_PAGES = 48;
const MANY_MESSAGES = 150_000;

interface Indexed {
  /** Those looked into, there or not. */
  readonly pages: Set<number>;
  /** Not yet taken apart; the last goes first. */
  readonly unread: PageIndex[];
  kept: number;
  /** A line is taken apart when somebody names it, and once. */
  readonly ids: Map<MessageId, IndexLine | Paged>;
}

/** A page's line, taken apart. */
type Paged = IndexedMessage;

/** A message that no page holds yet, as a page's index would have it. */
const asIndexed = (message: KeptMessage): IndexedMessage => ({ ...message, expired: message.receipt?.expired === true });

/** What receipts need to know, with what no page has yet laid over it. */
export const locate = (conversation: ConversationState, message: IndexedMessage, me: UserId): Located => {
  const unflushed = conversation.unflushed.get(message.seq);
  const { seq, senderId, receiptRequested, recalled } = unflushed ?? message;
  return {
    seq,
    own: senderId === me,
    receiptRequested,
    recalled,
    expired: (unflushed ? unflushed.receipt?.expired === true : message.expired) || conversation.unflushed.receiptAt(seq)?.expired === true,
  };
};

export class MessageIndex {
  private readonly conversations = new Map<ConversationId, Indexed>();
  private kept = 0;

  /** @param maxKept characters of indexes kept between lookups. */
  constructor(
    private readonly me: UserId,
    private readonly maxCachedText = MAX_CACHED_TEXT,
  ) {}

  clear(): void {
    this.conversations.clear();
    this.kept = 0;
  }

  /** What is known of a message without reading anything. */
  find(conversation: ConversationState, id: MessageId): Located | undefined {
    const { newest } = conversation;
    const paged = this.pagedOf(conversation.id, id);
    if (paged) {
      const unflushed = conversation.unflushed.get(paged.seq);
      // A page may still hold what lay at this place in another history.
      if (contains(conversation.storedSeqs, paged.seq) && (!unflushed || unflushed.id === id)) return locate(conversation, paged, this.me);
    }
    if (newest?.id === id) return locate(conversation, asIndexed(newest), this.me);
    const unflushed = conversation.unflushed.find(id);
    return unflushed && locate(conversation, asIndexed(unflushed), this.me);
  }

  private pagedOf(conversationId: ConversationId, id: MessageId): Paged | undefined {
    const indexed = this.conversations.get(conversationId);
    if (!indexed) return undefined;
    for (;;) {
      const known = indexed.ids.get(id);
      if (typeof known === 'object') return known;
      if (known !== undefined) {
        const paged = parseIndexLine(known);
        indexed.ids.set(id, paged);
        return paged;
      }
      const next = indexed.unread.pop();
      if (!next) return undefined;
      for (const [other, line] of readIndex(next)) indexed.ids.set(other, line);
    }
  }

  /** Reads pages until every id is found or all pages were looked into. One round trip for all conversations together. */
  async prefetch(tx: StoreTx, model: Conversations, lookups: readonly Lookup[]): Promise<void> {
    // Before anything is looked for: what is forgotten on the way would be looked for again, for ever.
    this.trim();
    for (let maxPages = 1; ; maxPages = Math.min(MAX_PAGES_AT_ONCE, maxPages * 2)) {
      const wanted = new Map<ConversationId, number[]>();
      for (const { conversationId, ids } of lookups) {
        if (wanted.has(conversationId)) continue;
        const conversation = model.get(conversationId);
        if (!conversation || ids.every((id) => this.find(conversation, id))) continue;
        const pages = this.newestUnread(conversation, maxPages);
        if (pages.length > 0) wanted.set(conversationId, pages);
      }
      if (wanted.size === 0) return;
      const keys = [...wanted].flatMap(([conversationId, pages]) => pages.map((page) => ({ conversationId, page })));
      const all = keys.length >= MANY_PAGES && this.fits(model);
      for (const index of await (all ? readAllIndexes(tx) : readIndexes(tx, keys))) this.add(index);
      // Also those that are not there, so that nobody looks again.
      for (const { conversationId, page } of keys) this.cacheOf(conversationId).pages.add(page);
    }
  }

  /** Whether all there is may be kept. */
  private fits(model: Conversations): boolean {
    let messages = 0;
    for (const { storedSeqs } of model.conversations.values()) messages += size(storedSeqs);
    return messages <= MANY_MESSAGES;
  }

  /** Ascending. */
  private newestUnread(conversation: ConversationState, count: number): number[] {
    const known = this.conversations.get(conversation.id)?.pages;
    const pages: number[] = [];
    for (const page of pagesOf(intersect(conversation.storedSeqs, range(1, highest(conversation.storedSeqs)))).reverse()) {
      if (known?.has(page)) continue;
      pages.push(page);
      if (pages.length === count) break;
    }
    return pages.reverse();
  }

  /** The last used goes last, so that the first is the one to forget. */
  private cacheOf(conversationId: ConversationId): Indexed {
    const indexed = this.conversations.get(conversationId) ?? {
      pages: new Set(),
      unread: [],
      kept: 0,
      ids: new Map<MessageId, IndexLine | Paged>(),
    };
    this.conversations.delete(conversationId);
    this.conversations.set(conversationId, indexed);
    return indexed;
  }

  private add(index: PageIndex): void {
    const indexed = this.cacheOf(index.of);
    if (indexed.pages.has(index.page)) return;
    indexed.pages.add(index.page);
    indexed.unread.push(index);
    indexed.kept += index.lines.length;
    this.kept += index.lines.length;
  }

  private trim(): void {
    for (const [id, oldest] of this.conversations) {
      if (this.kept <= this.maxCachedText) return;
      this.conversations.delete(id);
      this.kept -= oldest.kept;
    }
  }
}
