/**
 * Hands pushes to the host, after the answer to the sender. A push shows the state of that moment, so a message that
 * is muted, read or recalled by then has no push. A mention is pushed in a muted conversation too.
 *
 *   submit ─▶ commit ─▶ answer to the sender
 *                └────▶ HostPushes ─▶ for 50 recipients, in the sender's turns: one read ─▶ onMessage
 */
import { clearedUnder } from '../../model/registers/flag.ts';
import type { UserId } from '../../model/ids.ts';
import { mentionsReader } from '../../model/message/mentions.ts';
import { contains } from '../../model/registers/ranges.ts';
import type { PushFrame } from '../../protocol/push.ts';
import type { Connections } from '../connections.ts';
import type { MessageRecord } from '../store/records.ts';
import type { ServerReadTx, ServerStore } from '../store/server-store.ts';
import type { Turns } from '../store/turns.ts';
import type { AnnouncedMessage } from './announced.ts';
import { unreadTotals } from './unread-totals.ts';
import { appErrorDetails, errorDetails, type Log } from '../../logging.ts';

/** Facts about the recipient of a push, besides the push. */
export interface PushRecipient {
  /**
   * Whether the recipient has a live connection to this node: a page of the app is open on some device, and shows the
   * message without a push. A silently broken connection counts until the next missed heartbeat. With several nodes,
   * ask each of them: `isConnected(userId)`.
   */
  readonly connected: boolean;
}

/** Called once for each message and each user who should get a push. An error of this function is logged. */
export type OnMessage = (push: PushFrame, recipient: PushRecipient) => void;

/** Above this number of messages over the user's positions, a push carries no total: counting them would cost too much. */
const MAX_COUNTED = 10_000;
/** The recipients of one read. Between two reads of a large group, other users have their turns. */
const RECIPIENTS_AT_ONCE = 50;

/** Makes the pushes of a message. A user for whom the message is muted, read, recalled or gone has none; a mention is never muted. */
export const pushesOf = async (
  tx: ServerReadTx,
  { id, conversationId: place }: MessageRecord,
  recipients: AnnouncedMessage['recipients'],
): Promise<readonly PushFrame[]> => {
  const [now] = await tx.messagesById([id], 0);
  if (!now || now.recalled) return [];
  const { seq, senderId, sentAt, receiptRequested, countable, mentions } = now;
  const head = { id, seq, senderId, sentAt, receiptRequested, countable };
  const mentionsUser = (userId: UserId): boolean => mentionsReader(mentions, senderId, userId);
  const names = new Map(recipients.map(({ userId, conversationId }) => [userId, conversationId]));
  const members = await tx.membersNamed(place, [...names.keys()]);
  const waiting = members.filter(
    ({ userId, role, muted, marked, readUpTo, joinedAt, cleared, read, named }) =>
      role !== null &&
      (!muted.value || mentionsUser(userId)) &&
      seq > Math.max(readUpTo, joinedAt) &&
      !now.uncountedFor.includes(userId) &&
      !contains(clearedUnder(marked, readUpTo, cleared), seq) &&
      !contains(read, seq) &&
      !contains(named, seq),
  );
  const totals = await unreadTotals(
    tx,
    waiting.map(({ userId }) => userId),
    MAX_COUNTED,
  );
  return waiting.map(({ userId, muted }) => {
    const total = totals.get(userId);
    return {
      type: 'push',
      userId,
      conversationId: names.get(userId)!,
      message: mentionsUser(userId) ? { ...head, mentionsMe: true } : head,
      muted: muted.value,
      ...(total === undefined ? {} : { totalUnreadCount: total }),
    };
  });
};

export class HostPushes {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly core: { readonly turns: Turns; readonly connections: Connections; readonly log: Log },
    private readonly onMessage: OnMessage,
  ) {}

  /**
   * Makes the pushes and hands them to the host, one after the other. Returns at once.
   *
   * @param store the store of the sender: making pushes counts as the sender's work.
   */
  announce(store: ServerStore, senderId: UserId, messages: readonly AnnouncedMessage[]): void {
    if (messages.length === 0) return;
    const work = this.core.turns.during(senderId, async () => {
      for (const { message, recipients } of messages)
        for (let at = 0; at < recipients.length; at += RECIPIENTS_AT_ONCE)
          await this.announceTo(store, message, recipients.slice(at, at + RECIPIENTS_AT_ONCE));
    });
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  /** Resolves when the host has every push that was announced before. */
  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  private async announceTo(store: ServerStore, message: MessageRecord, recipients: AnnouncedMessage['recipients']): Promise<void> {
    const { log, connections } = this.core;
    try {
      for (const push of await store.read('push', (tx) => pushesOf(tx, message, recipients), {
        isUrgent: false,
        weight: recipients.length,
      })) {
        try {
          this.onMessage(push, { connected: connections.of(push.userId).size > 0 });
        } catch (error) {
          log('warn', 'on-message-failed', appErrorDetails(error));
        }
      }
    } catch (error) {
      log('error', 'pushes-not-made', errorDetails(error));
    }
  }
}
