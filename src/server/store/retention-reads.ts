/** The reads of a server store about messages that have ended, or are about to. */
import type { MessageId, Seq } from '../../model/ids.ts';
import type { ConversationRange, EndedMessage, MemberRecord } from './records.ts';

export interface RetentionReads {
  /** Those of these messages that have ended. */
  endedMessages(ids: readonly MessageId[]): Promise<readonly EndedMessage[]>;
  /** For each of the ranges, in order, its first message sent at this time or later; 0 if there is none. */
  firstSince(at: number, ranges: readonly ConversationRange[]): Promise<readonly Seq[]>;
  /**
   * The conversations behind this id, by id, at most `limit`. One is due if its oldest message was sent before `before`, or if it keeps more
   * than `most` messages.
   */
  toEnd(
    after: number,
    limit: number,
    limits: { readonly before: number | null; readonly most: number | null },
  ): Promise<readonly { readonly id: number; readonly isDue: boolean }[]>;
  /** The rows of the members of these conversations with the archived flag set. */
  archivedMembers(conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
}
