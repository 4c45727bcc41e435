/** Asks the server for the receipts of messages, and stores the answer. */
import { ProtocolError } from '../../errors.ts';
import { type ConversationId, conversationType, type MessageId, type Seq } from '../../model/ids.ts';
import { contains, fromSeqs } from '../../model/registers/ranges.ts';
import { isRead, type MessageReceipts, type ReceiptState, timesOf, unreadMembers } from '../../model/message/receipt.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { parseIndexLine, readAllIndexes, readIndex, withReceipt } from '../../log/pages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { readStored } from '../present/read-messages.ts';
import { groupState, presentReceipts } from '../present/present-receipts.ts';
import type { Draft } from '../write/draft.ts';
import type { Writer } from '../write/writer.ts';
import type { Ask } from './ask.ts';

type FoundReceipt = Frame<'receipts'>['receipts'][number];
type Found = ReadonlyMap<MessageId, FoundReceipt>;

const requestReceipts = async (ask: Ask, ids: readonly MessageId[]): Promise<Found> => {
  const found = new Map<MessageId, FoundReceipt>();
  for (let from = 0; from < ids.length;) {
    const most = ask.limits.receiptIds;
    const some = ids.slice(from, from + most);
    const answers = await ask.ask({ type: 'fetch-receipts', id: 1, messageIds: some }).catch((error: unknown) => {
      // The server's policy allows fewer ids. The refusal came with the new limit, and the loop asks again with fewer ids.
      if (error instanceof ProtocolError && ask.limits.receiptIds < some.length) return undefined;
      throw error;
    });
    if (!answers) continue;
    for (const answer of answers)
      if (answer.type === 'receipts') for (const receipt of answer.receipts) found.set(receipt.messageId, receipt);
    from += some.length;
  }
  return found;
};

interface StoredMatch {
  readonly conversation: ConversationState;
  readonly message: KeptMessage;
}

/** Finds stored messages: by the location in the server's answer, else by unflushed messages and page indexes. */
const locateStored = async ({ model, tx }: Draft, ids: readonly MessageId[], found: Found): Promise<Map<MessageId, StoredMatch>> => {
  const wantedSeqs = new Map<ConversationId, Set<Seq>>();
  const want = (id: ConversationId, seq: Seq): void => void wantedSeqs.set(id, (wantedSeqs.get(id) ?? new Set()).add(seq));
  const withoutLocation = new Set<MessageId>();
  for (const id of ids) {
    const location = found.get(id)?.location;
    if (location) want(location.conversationId, location.seq);
    else withoutLocation.add(id);
  }
  for (const conversation of withoutLocation.size > 0 ? model.conversations.values() : [])
    for (const { id, seq } of conversation.unflushed.all) if (withoutLocation.delete(id)) want(conversation.id, seq);
  for (const index of withoutLocation.size > 0 ? await readAllIndexes(tx) : [])
    for (const [id, line] of readIndex(index)) if (withoutLocation.has(id)) want(index.conversationId, parseIndexLine(line).seq);
  const wanted = new Set(ids);
  const located = new Map<MessageId, StoredMatch>();
  for (const [conversationId, seqs] of wantedSeqs) {
    const conversation = model.get(conversationId);
    if (!conversation) continue;
    for (const message of await readStored(tx, conversation, fromSeqs(seqs)))
      if (wanted.has(message.id)) located.set(message.id, { conversation, message });
  }
  return located;
};

/** Merges the server's answer into a stored message. @returns the merged message. */
const mergeFound = (draft: Draft, { conversation, message }: StoredMatch, fact: FoundReceipt): KeptMessage => {
  const { readCount, memberCount, expired, times } = fact;
  const conversationId = conversation.id;
  if (conversationType(conversationId) === 'group' && (memberCount > 0 || expired)) {
    const now = withReceipt(message, fact);
    if (JSON.stringify(now.receipt) !== JSON.stringify(message.receipt))
      draft.change({ t: 'counts', conversationId, receipts: [{ seq: message.seq, readCount, memberCount, expired }] });
    return now;
  }
  const dated: KeptMessage = times ? { ...message, times: { ...times, ...message.times } } : message;
  if (Object.keys(dated.times ?? {}).length > Object.keys(message.times ?? {}).length)
    draft.change({ t: 'messages', conversationId, messages: [dated] });
  return dated;
};

const presentStored = (draft: Draft, located: StoredMatch, fact: FoundReceipt | undefined): MessageReceipts => {
  const { conversation } = located;
  const message = fact ? mergeFound(draft, located, fact) : located.message;
  const shown = presentReceipts.stored(draft.model, conversation, message);
  const { times } = fact ?? {};
  if (!times || conversation.isRecalled(message)) return shown;
  // The answer may be newer than the feed.
  const read = times.read !== undefined || times.named !== undefined;
  return { ...shown, ...timesOf({ ...times, ...message.times }), state: read && shown.state === 'processing' ? 'done' : shown.state };
};

/** Receipts of a message that this device does not store, from the server's answer alone. */
const presentUnstored = (
  draft: Draft,
  fact: FoundReceipt,
  { conversationId, seq }: NonNullable<FoundReceipt['location']>,
): MessageReceipts => {
  const row = draft.model.get(conversationId)?.row;
  const { messageId, readCount, times } = fact;
  const done = row ? isRead(row.mine, seq) || isRead(row.theirs, seq) : false;
  const state: ReceiptState =
    conversationType(conversationId) === 'direct'
      ? done || times?.read !== undefined || times?.named !== undefined
        ? 'done'
        : 'processing'
      : row && contains(row.mine.named, seq)
        ? 'done'
        : groupState(fact);
  return { messageId, conversationId, state, ...timesOf(times ?? {}), readCount, unreadCount: unreadMembers(fact) };
};

/** Receipts in the order of `ids`. A message that neither this device stores nor the server knows is left out. */
export const fetchReceipts = async (ask: Ask, writer: Writer, ids: readonly MessageId[]): Promise<readonly MessageReceipts[]> => {
  const unique = [...new Set(ids)];
  const found = await requestReceipts(
    ask,
    unique.filter((id) => !writer.model.findPending(id)),
  );
  return writer.write('fetched-receipts', { durability: 'relaxed', readsPages: true }, async (draft) => {
    const stored = await locateStored(draft, unique, found);
    return unique.flatMap((id): MessageReceipts[] => {
      const pending = draft.model.findPending(id);
      if (pending) return [presentReceipts.pending(pending)];
      const located = stored.get(id);
      const fact = found.get(id);
      if (located) return [presentStored(draft, located, fact)];
      return fact?.location ? [presentUnstored(draft, fact, fact.location)] : [];
    });
  });
};
