/**
 * Finds a message by its id, without reading pages for every call: a bounded cache of page indexes. A compaction and another history of
 * the server clear the cache. Unflushed messages are found in the conversation's state.
 */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import { contains, highest, intersect, range, size } from '../../model/registers/ranges.ts';
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
  /** Groups: the server accepts no more receipts for the message. */
  readonly expired: boolean;
}

/** The part of the account's state for the index. */
interface Conversations {
  readonly conversations: ReadonlyMap<ConversationId, ConversationState>;
  get(id: ConversationId): ConversationState | undefined;
}

/** The messages for a decision to name. */
export interface Lookup {
  readonly conversationId: ConversationId;
  readonly ids: readonly MessageId[];
}

/** Characters of page indexes in the cache. A message takes about fifty. */
const MAX_CACHED_TEXT = 8_000_000;
/** Pages of a conversation per round. Most named messages are new, so the first round reads a single page. */
const MAX_PAGES_AT_ONCE = 16;
/** At so many pages per round, one request reads all indexes, if the store has at most MANY_MESSAGES messages. */
const MANY_PAGES = 48;
const MANY_MESSAGES = 150_000;

interface Indexed {
  /** Pages searched already, existing or not. */
  readonly pages: Set<number>;
  /** Indexes still to be parsed, the last first. */
  readonly unread: PageIndex[];
  kept: number;
  /** Lines by message id. A line is parsed once, when a lookup names it. */
  readonly ids: Map<MessageId, IndexLine | Paged>;
}

/** A parsed line of a page index. */
type Paged = IndexedMessage;

/** An unflushed message in the form of a page index. */
const asIndexed = (message: KeptMessage): IndexedMessage => ({ ...message, expired: message.receipt?.expired === true });

/** The facts of a message for receipts: the indexed message, with its unflushed version and receipts. */
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

  /** @param maxCachedText characters of page indexes that stay in the cache between lookups. */
  constructor(
    private readonly me: UserId,
    private readonly maxCachedText = MAX_CACHED_TEXT,
  ) {}

  clear(): void {
    this.conversations.clear();
    this.kept = 0;
  }

  /** Finds a message in memory, without reading the store. */
  find(conversation: ConversationState, id: MessageId): Located | undefined {
    const { newest } = conversation;
    const paged = this.pagedOf(conversation.id, id);
    if (paged) {
      const unflushed = conversation.unflushed.get(paged.seq);
      // A page may still hold a message that had this seq in another history.
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

  /** Reads page indexes until every id is found or all pages were looked into. Each round is one request for all conversations. */
  async prefetch(tx: StoreTx, model: Conversations, lookups: readonly Lookup[]): Promise<void> {
    // Trim the cache before the lookups only: an index that is forgotten during them would be read again, for ever.
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
      // Note missing pages too, so that the next round does not read them again.
      for (const { conversationId, page } of keys) this.cacheOf(conversationId).pages.add(page);
    }
  }

  /** True if the cache may hold the indexes of all stored messages. */
  private fits(model: Conversations): boolean {
    let messages = 0;
    for (const { storedSeqs } of model.conversations.values()) messages += size(storedSeqs);
    return messages <= MANY_MESSAGES;
  }

  /** The newest `count` pages that were not looked into yet, in ascending order. */
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

  /** Moves the conversation to the end of the map: the least recently used conversation comes first. */
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
    const indexed = this.cacheOf(index.conversationId);
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
