/** Judges the events of a tab: their messages, their users, and their truth. */
import type { ReceiptEvent } from '../../src/model/api/event.ts';
import { size } from '../../src/model/registers/ranges.ts';
import { chatOf } from './book.ts';
import type { Simulation } from './simulation.ts';

interface Wrong {
  readonly invariant: string;
  readonly why: string;
}

/** @returns the mistakes in the event. */
export const judgeEvent = (sim: Simulation, user: string, event: ReceiptEvent): Wrong[] => {
  const wrong: Wrong[] = [];
  const { book, restored } = sim;
  const is = (right: boolean, invariant: string, why: string): void => {
    if (!right) wrong.push({ invariant, why });
  };
  const truthOf = (conversationId: string) => sim.truths.get(chatOf(user, conversationId));
  const isMine = (id: string): boolean => book.said.get(id)?.from === user;
  switch (event.type) {
    case 'message': {
      const { body, conversationId, id, senderId } = event.message;
      const chat = chatOf(user, conversationId);
      is((body as { chat?: string } | null)?.chat === chat, 'I-23', `gets ${JSON.stringify(body)} in ${chat}`);
      is(book.said.get(id)?.from === senderId, 'I-5', `gets ${id} as a message of ${senderId}`);
      return wrong;
    }
    case 'sent':
      is(isMine(event.messageId), 'I-5', `gets an event that ${event.messageId} was sent, which is not its own`);
      // The seqs change with a restored copy.
      is(
        restored || truthOf(event.conversationId)?.messages[event.seq - 1]?.id === event.messageId,
        'I-5',
        `gets an event that ${event.messageId} has the seq ${event.seq}`,
      );
      return wrong;
    case 'delivered':
    case 'read': {
      const { type, by, messageIds, ranges, conversationId } = event;
      const isSelf = event.type === 'read' && event.self;
      const names = `${type} by ${by} of ${messageIds.join()}`;
      is((by === user) === isSelf && messageIds.every((id) => isMine(id) !== isSelf), 'I-10', `hears ${names}`);
      const messages = truthOf(conversationId)?.messages ?? [];
      const others = ranges.some(([from, upTo]) => messages.slice(from - 1, upTo).some(({ senderId }) => (senderId === user) === isSelf));
      is(restored || !others, 'I-10', `hears ${type} by ${by} of ${JSON.stringify(ranges)}, which it should not name`);
      is(size(ranges) === messageIds.length, 'I-10', `hears ${names}, and ranges ${JSON.stringify(ranges)}`);
      return wrong;
    }
    case 'receiptsConfirmed': {
      const { conversationId, messageIds, upTo } = event;
      is(!messageIds.some(isMine), 'I-10', `hears that its receipts for its own ${messageIds.join()} are confirmed`);
      const latest = truthOf(conversationId)?.messages.length ?? 0;
      is(restored || (upTo ?? 0) <= latest, 'I-5', `hears that its receipt to ${upTo} of ${latest} is confirmed`);
      return wrong;
    }
    case 'conversationRead':
    case 'unreadCleared': {
      const latest = truthOf(event.conversationId)?.messages.length ?? 0;
      is(restored || event.upTo <= latest, 'I-5', `hears ${event.type} to ${event.upTo} of ${latest}`);
      if (event.type === 'conversationRead') is(event.self === (event.by === user), 'I-5', `hears of a read by ${event.by} as its own`);
      return wrong;
    }
    case 'recalled':
      is(
        restored || truthOf(event.conversationId)?.messages.find(({ id }) => id === event.messageId)?.recalled === true,
        'I-5',
        `gets an event that ${event.messageId} was recalled`,
      );
      return wrong;
    case 'groupRead': {
      const { messageId, readers, readCount, unreadCount, conversationId } = event;
      const truth = truthOf(conversationId);
      const message = truth?.messages.find(({ id }) => id === messageId);
      const receipt = message && truth?.receipts.get(message.seq);
      const names = readers.map(({ by }) => by);
      is(
        isMine(messageId) && !names.includes(user) && new Set(names).size === names.length,
        'I-10',
        `hears that ${names.join()} read ${messageId}`,
      );
      is(
        // A recalled message keeps no receipt.
        restored ||
          message?.recalled === true ||
          message?.ended === true ||
          (receipt !== undefined && readCount <= receipt.readers.length && readCount + unreadCount === receipt.memberCount),
        'I-11',
        `gets an event with ${readCount} readers and ${unreadCount} others of ${messageId}; the server has ${JSON.stringify(receipt)}`,
      );
      is(
        restored || message?.recalled === true || message?.ended === true || names.every((by) => receipt?.readers.includes(by)),
        'I-6',
        `hears that ${names.join()} read ${messageId}`,
      );
      return wrong;
    }
    case 'receiptStatistics':
      for (const { messageId, readCount, unreadCount } of event.receipts)
        is(
          isMine(messageId) && readCount >= 0 && unreadCount >= 0,
          'I-10',
          `gets an event with ${readCount} readers and ${unreadCount} others of ${messageId}`,
        );
      return wrong;
    case 'expired':
    case 'rejected':
    case 'storageLost':
      return wrong;
  }
};
