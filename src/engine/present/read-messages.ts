/** Messages of one conversation as they stand: what pages hold, with what no page has yet laid over it. */
import type { Message } from '../../model/message.ts';
import { intersect, type Range, type Ranges, seqsOf } from '../../model/ranges.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { readPages } from '../../log/pages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { presentMessage } from './present-conversation.ts';

/** The highest `count` places of a set. */
export const newestSeqs = (places: Ranges, count: number): Ranges => {
  const out: Range[] = [];
  let room = count;
  for (let i = places.length - 1; i >= 0 && room > 0; i--) {
    const [from, upTo] = places[i]!;
    const start = Math.max(from, upTo - room + 1);
    out.unshift([start, upTo]);
    room -= upTo - start + 1;
  }
  return out;
};

/** Messages at these places, ascending, in pages or not, without what was laid over them since. */
export const readKept = async (tx: StoreTx, conversation: ConversationState, places: Ranges): Promise<KeptMessage[]> => {
  const bySeq = new Map((await readPages(tx, conversation.id, places)).map((message) => [message.seq, message]));
  for (const seq of seqsOf(places)) {
    const unpaged = conversation.tail.get(seq);
    if (unpaged) bySeq.set(seq, unpaged);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
};

/** Held messages at these places, ascending, with what became of their receipts. */
export const readHeld = async (tx: StoreTx, conversation: ConversationState, places: Ranges): Promise<KeptMessage[]> =>
  (await readKept(tx, conversation, intersect(conversation.storedSeqs, places))).map((message) => conversation.tail.over(message));

/** Held messages at these places, ascending, as the page is shown them. */
export const readShown = async (tx: StoreTx, model: AccountState, conversation: ConversationState, places: Ranges): Promise<Message[]> =>
  (await readKept(tx, conversation, places)).map((message) => presentMessage(model, conversation, message));
