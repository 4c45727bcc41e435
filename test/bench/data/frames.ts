/** The feed as frames of the wire, for the engine without a server. */
import { type ConversationRow, emptyRow, MAX_UNCOUNTED_RANGES } from '../../../src/model/conversation/conversation.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import type { StoredMessage } from '../../../src/model/message/message.ts';
import { range, size, union } from '../../../src/model/registers/ranges.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { type FedMessage, ME } from './feed.ts';

/** Builds a frame for each batch, in the server's form: the messages, and the rows after these messages. */
export class FrameBuilder {
  private readonly rows = new Map<string, ConversationRow>();
  private readonly own = new Map<string, ConversationRow['uncounted']>();
  private version = 0;

  frameOf(batch: readonly FedMessage[], complete: boolean): Frame<'changes'> {
    const from = `c${this.version}`;
    this.version++;
    const lists = new Map<string, StoredMessage[]>();
    for (const { id, conversationId, seq, senderId, sentAt, body } of batch) {
      const message: StoredMessage = { id, seq, senderId, sentAt, body, receiptRequested: true, countable: true, recalled: false };
      const before = this.rows.get(conversationId) ?? emptyRow(conversationId as ConversationId);
      this.rows.set(conversationId, { ...before, latestSeq: seq, version: this.version, lastMessage: message });
      if (senderId === ME) this.own.set(conversationId, union(this.own.get(conversationId) ?? [], range(seq, seq)));
      const list = lists.get(conversationId);
      if (list) list.push(message);
      else lists.set(conversationId, [message]);
    }
    const rows = [...lists.keys()].map((id) => this.rowOf(id));
    const messages = [...lists].map(([id, list]) => ({ conversationId: id as ConversationId, messages: list }));
    return { type: 'changes', from, to: `c${this.version}`, rows, messages, steps: [], complete };
  }

  private rowOf(id: string): ConversationRow {
    const row = this.rows.get(id)!;
    const uncounted = this.own.get(id) ?? [];
    // As in the server: a row with more ranges than this carries the count.
    return uncounted.length <= MAX_UNCOUNTED_RANGES
      ? { ...row, uncounted: uncounted.map(([a, b]): [number, number] => [a, b]) }
      : { ...row, uncounted: [], counted: { at: 0, upTo: row.latestSeq, count: row.latestSeq - size(uncounted) } };
  }
}
