/** Answers the questions of a page: where the answer to each kind of question comes from. */
import { TransportError } from '../errors.ts';
import type { Queries, QueryCall } from '../model/intents.ts';
import type { Ports } from '../ports/ports.ts';
import { flush, type Flushes } from './account/flush.ts';
import { findInConversation } from './present/find-message.ts';
import type { Ask } from './queries/ask.ts';
import { explainUnread } from './queries/explain-unread.ts';
import type { History } from './queries/history.ts';
import { findMessage, loadMessages } from './queries/load-messages.ts';
import { fetchReadMembers } from './queries/members.ts';
import { fetchReceipts } from './queries/receipts.ts';
import type { Writer } from './write/writer.ts';

export interface QuerySources {
  readonly ports: Pick<Ports, 'clock'>;
  readonly writer: Writer;
  readonly ask: Ask;
  readonly history: History;
  readonly flushes: Flushes;
  /** Asks the leader tab to send the outbox now. */
  nudge(): void;
}

/** @throws {TransportError} `transport/unreachable` while the account is paused: it sends no question. */
const requireNotPaused = ({ model }: Writer): void => {
  if (model.paused) throw new TransportError('transport/unreachable', 'this account is paused on this device: resume it first');
};

export const answerQuery = async (sources: QuerySources, call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> => {
  const { ports, writer, ask, history, flushes } = sources;
  switch (call.do) {
    case 'loadOlderMessages':
      return history.loadOlder(...call.args);
    case 'loadMessages':
      return loadMessages(writer, history, ...call.args);
    case 'findMessage':
      return findMessage(writer, ...call.args);
    case 'seqOf': {
      const [conversationId, messageId] = call.args;
      return writer.readInOrder('seq-of', async (model, tx) => {
        const conversation = model.get(conversationId);
        return conversation ? ((await findInConversation(tx, conversation, [messageId])).get(messageId)?.seq ?? null) : null;
      });
    }
    case 'explainUnread':
      return explainUnread(writer.model, ...call.args);
    case 'fetchReceipts':
      requireNotPaused(writer);
      return fetchReceipts(ask, writer, ...call.args);
    case 'fetchReadMembers':
      requireNotPaused(writer);
      return fetchReadMembers(ask, ...call.args);
    case 'flush':
      return flush(ports, writer, () => sources.nudge(), ...call.args, flushes);
  }
};
