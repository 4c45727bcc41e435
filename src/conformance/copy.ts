/** A device's copy of its user's conversations, from the frames of the feed. */
import { type ConversationRow, joinRows } from '../model/conversation/conversation.ts';
import { mentionsAt, unreadAt } from '../model/conversation/unread.ts';
import type { ConversationId } from '../model/ids.ts';
import type { WireMessage, WireReceiptChange } from '../protocol/changes.ts';
import type { Frame } from '../protocol/frames.ts';
import { demand } from './demand.ts';

type Step = Frame<'changes'>['steps'][number];

export class Copy {
  readonly rows = new Map<string, ConversationRow>();
  readonly steps: Step[] = [];
  readonly receipts: WireReceiptChange[] = [];
  account: Frame<'changes'>['account'];
  private readonly messagesOf = new Map<string, Map<number, WireMessage>>();

  apply(frame: Frame<'changes'>): void {
    if (frame.account) this.account = frame.account;
    for (const row of frame.rows) this.addRow(row);
    for (const { conversationId, messages } of frame.messages) for (const message of messages) this.addMessage(conversationId, message);
    this.steps.push(...frame.steps);
    this.receipts.push(...(frame.receipts ?? []));
  }

  addRow(row: ConversationRow): void {
    const known = this.rows.get(row.conversationId);
    this.rows.set(row.conversationId, known ? joinRows(known, row) : row);
  }

  addMessage(conversationId: string, message: WireMessage): void {
    const messages = this.messagesOf.get(conversationId) ?? new Map<number, WireMessage>();
    messages.set(message.seq, message);
    this.messagesOf.set(conversationId, messages);
  }

  /** @throws {Mismatch} if the feed brought no row of this conversation. */
  row(conversationId: string): ConversationRow {
    const row = this.rows.get(conversationId);
    demand(row !== undefined, `a row of ${conversationId} in the feed`, [...this.rows.keys()]);
    return row;
  }

  /** The messages of a conversation that the feed brought, by seq. */
  messages(conversationId: string): WireMessage[] {
    return [...(this.messagesOf.get(conversationId)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
  }

  unread(conversationId: ConversationId): number {
    const row = this.row(conversationId);
    return unreadAt(row, row.readUpTo).unreadCount;
  }

  mentions(conversationId: ConversationId): number {
    const row = this.row(conversationId);
    return mentionsAt(row, row.readUpTo).mentionCount;
  }
}
