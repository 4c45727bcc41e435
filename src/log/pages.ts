/** Messages in pages of `PAGE_SIZE` sequence numbers each: a page is one request, single messages would be a hundred. */
import { byteLength } from '../model/byte-length.ts';
import type { ConversationId, MessageId } from '../model/ids.ts';
import { contains, type Ranges } from '../model/registers/ranges.ts';
import { type GroupReceipt, joinGroupReceipts, type ReceiptAtSeq, type ReceiptStep } from '../model/message/receipt.ts';
import type { StoreKey, StoreTx } from '../ports/ports.ts';
import type { KeptMessage } from './log-record.ts';
import { pageKey, pageOf } from './tables.ts';

/** The facts of a message needed for receipts: a line of text in the page's index, parsed by {@link parseIndexLine}. */
export type IndexLine = string;

/** Separators. Ids contain no control characters. */
const LINE = '\n';
const FIELD = '\t';

/** The index of a page, as stored. */
export interface PageIndex {
  readonly conversationId: ConversationId;
  readonly page: number;
  /** Length of page and index, in UTF-8. */
  readonly bytes: number;
  /** {@link IndexLine}s. */
  readonly lines: string;
}

const indexLine = ({ id, seq, senderId, receiptRequested, recalled, receipt }: KeptMessage): IndexLine =>
  `${id}${FIELD}${seq}${FIELD}${senderId}${FIELD}${(receiptRequested ? 1 : 0) | (recalled ? 2 : 0) | (receipt?.expired ? 4 : 0)}`;

const indexLines = (messages: readonly KeptMessage[]): string => messages.map(indexLine).join(LINE);

const indexOf = (conversationId: ConversationId, page: number, messages: readonly KeptMessage[], text: string): PageIndex => {
  const lines = indexLines(messages);
  return { conversationId, page, bytes: byteLength(text) + byteLength(lines), lines };
};

/** A parsed index line. */
export interface IndexedMessage extends Pick<KeptMessage, 'seq' | 'senderId' | 'receiptRequested' | 'recalled'> {
  /** The server accepts no more receipts for this message. */
  readonly expired: boolean;
}

export const parseIndexLine = (line: IndexLine): IndexedMessage => {
  const [, seq, senderId, text] = line.split(FIELD);
  const flags = Number(text);
  return {
    seq: Number(seq),
    senderId: senderId!,
    receiptRequested: (flags & 1) !== 0,
    recalled: (flags & 2) !== 0,
    expired: (flags & 4) !== 0,
  };
};

// Pages are stored as text: IndexedDB writes and reads a single string much faster than a thousand fields.
const encodePage = (messages: readonly KeptMessage[]): string => JSON.stringify(messages);
const decodePage = (page: unknown): readonly KeptMessage[] => (page === undefined ? [] : (JSON.parse(page as string) as KeptMessage[]));

/**
 * Joins two copies of the message with a `seq`: recalled wins, a known body and known times stay. Another id with the same `seq` comes
 * from another history of the server; then the newer copy wins.
 */
export const joinMessages = (a: KeptMessage, b: KeptMessage): KeptMessage => {
  if (a.id !== b.id) return b;
  const recalled = a.recalled || b.recalled;
  const times = a.times || b.times ? { times: { ...b.times, ...a.times } } : {};
  // In a group too large for receipts the server stores the message without the request.
  const receiptRequested = a.receiptRequested && b.receiptRequested;
  return withReceipt({ ...a, receiptRequested, recalled, body: recalled ? '' : a.body || b.body, ...times }, b.receipt);
};

/** Joins a group receipt into its message. */
export const withReceipt = (message: KeptMessage, receipt: GroupReceipt | undefined): KeptMessage => {
  if (!receipt) return message;
  return { ...message, receipt: joinGroupReceipts(message.receipt ?? { readCount: 0, memberCount: 0, expired: false }, receipt) };
};

export const joinPages = (stored: readonly KeptMessage[], more: readonly KeptMessage[]): KeptMessage[] => {
  const bySeq = new Map(stored.map((message) => [message.seq, message]));
  for (const message of more) {
    const before = bySeq.get(message.seq);
    bySeq.set(message.seq, before ? joinMessages(before, message) : message);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
};

/** Applies a receipt step to messages of its conversation. The earliest time of each message stays. */
export const withStep = (messages: readonly KeptMessage[], step: ReceiptStep): readonly KeptMessage[] => {
  const [from, upTo] = step.range;
  const dates = ({ seq, senderId, times }: KeptMessage): boolean => {
    const at = times?.[step.kind];
    return seq >= from && seq <= upTo && senderId !== step.by && (at === undefined || at > step.at);
  };
  if (!messages.some(dates)) return messages;
  return messages.map((message) => (dates(message) ? { ...message, times: { ...message.times, [step.kind]: step.at } } : message));
};

export const pagesOf = (seqs: Ranges): number[] => {
  const pages = new Set<number>();
  for (const [from, upTo] of seqs) for (let page = pageOf(from); page <= pageOf(upTo); page++) pages.add(page);
  return [...pages].sort((a, b) => a - b);
};

/** Reads the messages with these sequence numbers from their pages, ascending. */
export const readPages = async (tx: StoreTx, conversationId: ConversationId, seqs: Ranges): Promise<KeptMessage[]> => {
  const keys = pagesOf(seqs).map((page) => pageKey(conversationId, page));
  if (keys.length === 0) return [];
  const pages = await tx.getMany('pages', keys);
  return pages.flatMap(decodePage).filter(({ seq }) => seqs.some(([from, upTo]) => seq >= from && seq <= upTo));
};

/** Splits a page's index into its lines, by message id. */
export const readIndex = (index: PageIndex): [MessageId, IndexLine][] =>
  index.lines.split(LINE).map((line) => [line.slice(0, line.indexOf(FIELD)), line]);

/** Reads the indexes of these pages, as far as they exist. */
export const readIndexes = async (
  tx: StoreTx,
  pages: readonly { readonly conversationId: ConversationId; readonly page: number }[],
): Promise<PageIndex[]> => {
  const found = await tx.getMany(
    'indexes',
    pages.map(({ conversationId, page }) => pageKey(conversationId, page)),
  );
  return found.filter((index) => index !== undefined) as PageIndex[];
};

/** Reads all indexes in a single request: hundreds of requests would take ten times as long. */
export const readAllIndexes = async (tx: StoreTx): Promise<PageIndex[]> =>
  (await tx.range('indexes', { from: pageKey('', 0), upTo: pageKey('\uffff', 0) })) as PageIndex[];

/** What is new on one page. */
export interface PageNews {
  readonly conversationId: ConversationId;
  readonly page: number;
  readonly messages: readonly KeptMessage[];
  /** Receipts for the messages of the page, new or not. */
  readonly steps: readonly ReceiptStep[];
  readonly counts: readonly ReceiptAtSeq[];
}

/** Joins news into the messages of its page. */
const withNews = (stored: readonly KeptMessage[], { messages, steps, counts }: PageNews): readonly KeptMessage[] => {
  let joined: readonly KeptMessage[] = joinPages(stored, messages);
  for (const step of steps) joined = withStep(joined, step);
  if (counts.length === 0) return joined;
  const bySeq = new Map(counts.map((count) => [count.seq, count]));
  return joined.map((message) => withReceipt(message, bySeq.get(message.seq)));
};

/** Writes news into their pages. Repeating the call changes nothing. */
export const writePages = async (tx: StoreTx, news: readonly PageNews[]): Promise<void> => {
  if (news.length === 0) return;
  const before = await tx.getMany(
    'pages',
    news.map(({ conversationId, page }) => pageKey(conversationId, page)),
  );
  const keys: StoreKey[] = [];
  const texts: string[] = [];
  // Indexes are records of their own, to look up an id without loading bodies.
  const indexes: PageIndex[] = [];
  news.forEach((one, i) => {
    const messages = withNews(decodePage(before[i]), one);
    // A page without messages does not exist. A receipt does not make one.
    if (messages.length === 0) return;
    const text = encodePage(messages);
    keys.push(pageKey(one.conversationId, one.page));
    texts.push(text);
    indexes.push(indexOf(one.conversationId, one.page, messages, text));
  });
  tx.putMany('pages', keys, texts);
  tx.putMany('indexes', keys, indexes);
};

/** Removes the messages outside of `storedSeqs` from these pages. */
export const shrinkPages = async (
  tx: StoreTx,
  conversationId: ConversationId,
  pages: readonly number[],
  storedSeqs: Ranges,
): Promise<void> => {
  const keys = pages.map((page) => pageKey(conversationId, page));
  const before = await tx.getMany('pages', keys);
  pages.forEach((page, i) => {
    const key = keys[i]!;
    const kept = decodePage(before[i]).filter(({ seq }) => contains(storedSeqs, seq));
    if (kept.length > 0) {
      const text = encodePage(kept);
      tx.put('pages', key, text);
      tx.put('indexes', key, indexOf(conversationId, page, kept, text));
    } else for (const table of ['pages', 'indexes'] as const) tx.delete(table, key);
  });
};

/** Deletes the pages of a conversation up to this one; by default all. */
export const deletePages = (tx: StoreTx, conversationId: ConversationId, last = Number.MAX_SAFE_INTEGER): void => {
  const range = { from: pageKey(conversationId, 0), upTo: pageKey(conversationId, last) };
  for (const table of ['pages', 'indexes'] as const) tx.deleteRange(table, range);
};
