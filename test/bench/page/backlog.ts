/** The backlog of every contestant: seeded, 100,000 messages in 1,000 conversations by Zipf's law, a fifth of them the user's own. */
import { type ConversationRow, emptyRow, MAX_UNCOUNTED_RANGES } from '../../../src/model/conversation.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import type { StoredMessage } from '../../../src/model/message.ts';
import { range, size, union } from '../../../src/model/ranges.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { Chance } from '../../replay/chance.ts';

export const ME = 'me';
export const CONVERSATIONS = 1000;
export const MESSAGES = 100_000;
export const PER_FRAME = 1000;
const OWN = 0.2;
/** Receipts are sent for this many of the newest messages of each conversation. */
const NEWEST = 14;
const SEED = 42;
const FIRST_SENT_AT = Date.UTC(2031, 0, 1);
const TEXT = 'the lamp of the lighthouse is lit again, come and see';

export const conversationId = (number: number): ConversationId => `direct:u${number}`;

export interface Backlog {
  /** Frames of the feed with 1,000 messages each, and the rows after them. */
  readonly frames: readonly Frame<'changes'>[];
  /** Counts made message by message, with the messages. */
  readonly unread: ReadonlyMap<ConversationId, number>;
  readonly totalUnread: number;
  /** Messages to read: among the newest messages of others in each conversation, in any order. */
  toRead(count: number): { readonly conversationId: ConversationId; readonly id: string }[];
}

export const makeBacklog = (): Backlog => {
  const chance = new Chance(SEED);
  const shares: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= CONVERSATIONS; rank++) shares.push((sum += 1 / rank));
  const pick = (): number => {
    const at = chance.next() * sum;
    let low = 0;
    let high = CONVERSATIONS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shares[middle]! > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const rows = new Map<ConversationId, ConversationRow>();
  const own = new Map<ConversationId, ConversationRow['uncounted']>();
  const unread = new Map<ConversationId, number>();
  const received = new Map<ConversationId, string[]>();
  const frames: Frame<'changes'>[] = [];
  let version = 0;
  for (let sent = 0; sent < MESSAGES;) {
    const from = `c${version}`;
    version++;
    const inFrame = new Map<ConversationId, StoredMessage[]>();
    for (let i = 0; i < PER_FRAME; i++, sent++) {
      const id = conversationId(pick());
      const before = rows.get(id) ?? emptyRow(id);
      const seq = before.latestSeq + 1;
      const mine = chance.happens(OWN);
      const message: StoredMessage = {
        id: `message-${sent.toString(36).padStart(6, '0')}`,
        seq,
        senderId: mine ? ME : id.slice('direct:'.length),
        sentAt: FIRST_SENT_AT + sent * 1000,
        body: JSON.stringify({ text: `${sent} ${TEXT}` }),
        receiptRequested: true,
        countable: true,
        recalled: false,
      };
      rows.set(id, { ...before, latestSeq: seq, version, lastMessage: message });
      if (mine) own.set(id, union(own.get(id) ?? [], range(seq, seq)));
      else {
        unread.set(id, (unread.get(id) ?? 0) + 1);
        const ids = received.get(id);
        if (ids) ids.push(message.id);
        else received.set(id, [message.id]);
      }
      const list = inFrame.get(id);
      if (list) list.push(message);
      else inFrame.set(id, [message]);
    }
    frames.push({
      type: 'changes',
      from,
      to: `c${version}`,
      rows: [...inFrame.keys()].map((id) => {
        const row = rows.get(id)!;
        const uncounted = own.get(id) ?? [];
        // As in the server: a row with more ranges than this carries the count.
        return uncounted.length <= MAX_UNCOUNTED_RANGES
          ? { ...row, uncounted: uncounted.map(([a, b]): [number, number] => [a, b]) }
          : { ...row, uncounted: [], counted: { at: 0, upTo: row.latestSeq, count: row.latestSeq - size(uncounted) } };
      }),
      messages: [...inFrame].map(([id, messages]) => ({ conversationId: id, messages })),
      steps: [],
      complete: sent >= MESSAGES,
    });
  }
  return {
    frames,
    unread,
    totalUnread: [...unread.values()].reduce((total, count) => total + count, 0),
    toRead: (count) => {
      const newest = [...received].flatMap(([id, ids]) => ids.slice(-NEWEST).map((messageId) => ({ conversationId: id, id: messageId })));
      if (newest.length < count) throw new Error(`only ${newest.length} messages to read`);
      const order = new Chance(SEED);
      for (let i = newest.length - 1; i > 0; i--) {
        const other = order.between(0, i);
        [newest[i], newest[other]] = [newest[other]!, newest[i]!];
      }
      return newest.slice(0, count);
    },
  };
};
