/**
 * The laws for every frame of the run. The ledger remembers what the server said, finds what
 * contradicts it, and gives the contradictions to the checks `always.…` at the end.
 */
import type { ConversationRow } from '../model/conversation/conversation.ts';
import { type Ranges, sameRanges, union } from '../model/registers/ranges.ts';
import { decodeServerFrame, depthOf } from '../protocol/codec.ts';
import type { Frame, ServerFrame } from '../protocol/frames.ts';
import { MAX_DEPTH, MAX_SERVER_FRAME_BYTES } from '../protocol/limits.ts';
import { shown } from './demand.ts';

export type Law = 'shape' | 'size' | 'contiguous' | 'position' | 'one-seq' | 'step-time' | 'counts' | 'receipts-stay' | 'answer-order';

/** Above this number of ranges a row may leave older ones out. */
const ALL_RANGES = 64;

export class Ledger {
  private readonly breaches = new Map<Law, string[]>();
  private readonly rows = new Map<string, Pick<ConversationRow, 'version' | 'readUpTo' | 'latestSeq' | 'joinedAt' | 'mine' | 'theirs'>>();
  private readonly seqs = new Map<string, string>();
  private readonly times = new Map<string, number>();
  private readonly counts = new Map<string, { readCount: number; memberCount: number }>();

  /** The contradictions to this law. */
  of(law: Law): readonly string[] {
    return this.breaches.get(law) ?? [];
  }

  note(law: Law, saw: string): void {
    const list = this.breaches.get(law) ?? [];
    list.push(saw);
    this.breaches.set(law, list);
  }

  /** Reads a frame for a user. @returns undefined for a frame that no client could read. */
  read(userId: string, text: string): ServerFrame | undefined {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_SERVER_FRAME_BYTES) this.note('size', `${bytes} bytes: ${shown(text)}`);
    if (depthOf(text) > MAX_DEPTH) this.note('size', `nested ${depthOf(text)} deep: ${shown(text)}`);
    let frame;
    try {
      frame = decodeServerFrame(text);
    } catch (error) {
      this.note('shape', `${error instanceof Error ? error.message : 'unreadable'}: ${shown(text)}`);
      return undefined;
    }
    if (frame.type === 'changes') this.readChanges(userId, frame);
    if (frame.type === 'answer') {
      for (const result of frame.results) if (result.outcome === 'confirmed' && result.row) this.readRow(userId, result.row);
    }
    if (frame.type === 'messages') for (const { conversationId, messages } of frame.of) this.readMessages(userId, conversationId, messages);
    return frame;
  }

  private readChanges(userId: string, { rows, messages, steps, receipts = [] }: Frame<'changes'>): void {
    for (const row of rows) this.readRow(userId, row);
    for (const of of messages) this.readMessages(userId, of.conversationId, of.messages);
    for (const { conversationId, by, kind, range, at } of steps)
      for (let seq = range[0]; seq <= range[1]; seq++) {
        const key = JSON.stringify([userId, conversationId, by, kind, seq]);
        const before = this.times.get(key) ?? at;
        if (before !== at) this.note('step-time', `message ${seq} of ${conversationId}: ${kind} by ${by} at ${before}, later at ${at}`);
        this.times.set(key, before);
      }
    for (const { id, readCount, memberCount } of receipts) this.readCounts(userId, id, readCount, memberCount);
  }

  private readCounts(userId: string, id: string, readCount: number, memberCount: number): void {
    if (memberCount === 0) return;
    const key = JSON.stringify([userId, id]);
    const before = this.counts.get(key);
    if (readCount > memberCount) this.note('counts', `message ${id}: ${readCount} of ${memberCount} members read`);
    if (before && (readCount < before.readCount || memberCount !== before.memberCount))
      this.note('counts', `message ${id}: ${shown(before)}, later ${shown({ readCount, memberCount })}`);
    this.counts.set(key, { readCount, memberCount });
  }

  private readMessages(userId: string, conversationId: string, messages: readonly { id: string; seq: number }[]): void {
    for (const { id, seq } of messages) {
      const [bySeq, byId] = [JSON.stringify([userId, conversationId, seq]), JSON.stringify([userId, conversationId, 'id', id])];
      const [wasId = id, wasSeq = String(seq)] = [this.seqs.get(bySeq), this.seqs.get(byId)];
      if (wasId !== id) this.note('one-seq', `seq ${seq} of ${conversationId} was message ${wasId}, later ${id}`);
      if (wasSeq !== String(seq)) this.note('one-seq', `message ${id} of ${conversationId} was seq ${wasSeq}, later ${seq}`);
      this.seqs.set(bySeq, id).set(byId, String(seq));
    }
  }

  private readRow(userId: string, row: ConversationRow): void {
    const key = JSON.stringify([userId, row.conversationId]);
    const known = this.rows.get(key);
    const [older, newer] = known && known.version > row.version ? [row, known] : [known ?? row, row];
    const where = `${row.conversationId} of ${userId}`;
    for (const field of ['readUpTo', 'latestSeq', 'joinedAt'] as const)
      if (newer[field] < older[field])
        this.note('position', `${field} of ${where}: ${older[field]} in version ${older.version}, ${newer[field]} in ${newer.version}`);
    // Several rows of one version may carry the ranges in parts.
    for (const side of newer.version > older.version ? (['mine', 'theirs'] as const) : [])
      for (const kind of ['read', 'delivered', 'named'] as const) {
        const [before, after]: Ranges[] = [older[side][kind], newer[side][kind]];
        if (after!.length < ALL_RANGES && !sameRanges(union(before!, after!), after!))
          this.note('receipts-stay', `${side}.${kind} of ${where}: ${shown(before)}, later ${shown(after)}`);
      }
    this.rows.set(key, newer);
  }
}
