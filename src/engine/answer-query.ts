/** Answers the questions of a page: where the answer to each kind of question comes from. */
import { TransportError } from '../errors.ts';
import type { Queries, QueryCall } from '../model/api/intents.ts';

import type { Ports } from '../ports/ports.ts';
import { flush, type Flushes } from './account/flush.ts';
import { whenKnown } from './account/standing.ts';
import { findInConversation } from './present/find-message.ts';
import type { Ask } from './queries/ask.ts';
import { inspectAccount } from './queries/inspect-account.ts';
import { explainUnread } from './queries/explain-unread.ts';
import type { History } from './queries/history.ts';
import { findMessage, firstUnread, loadMessages } from './queries/load-messages.ts';
import { fetchReadMembers } from './queries/members.ts';
import { fetchReceipts } from './queries/receipts.ts';
import { dropMessages } from './space/drop-messages.ts';
import { measureStorage } from './space/measure-storage.ts';
import { settledOf } from './queries/settled-messages.ts';
import type { Leader } from './sync/leader/leader.ts';
import type { Writer } from './write/writer.ts';
import { errorDetails } from '../logging.ts';

export interface QuerySources {
  readonly ports: Pick<Ports, 'clock' | 'store' | 'bus' | 'log' | 'logged'>;
  readonly writer: Writer;
  readonly ask: Ask;
  readonly history: History;
  readonly flushes: Flushes;
  readonly leader: Pick<Leader, 'nudge' | 'attempts'>;
}

/** @throws {TransportError} `transport/unreachable` while the account is paused: it sends no question. */
const requireNotPaused = ({ model }: Writer): void => {
  if (model.paused) throw new TransportError('transport/unreachable', 'this account is paused on this device: resume it first');
};

/** The calls that the store alone answers. Later calls wait for the answer. */
const ANSWERED_ALONE: ReadonlySet<QueryCall['do']> = new Set(['seqOf', 'findMessage', 'storage', 'dropCachedMessages']);

/** Answers a question in its turn: after the effect of every earlier call, and before the effect of any later call. */
export const askInOrder = async (sources: QuerySources, call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> => {
  const { writer, ports } = sources;
  if (!ANSWERED_ALONE.has(call.do)) return writer.question(() => answerQuery(sources, call));
  const answer = await writer.questionAlone(() => answerQuery(sources, call));
  // The log holds the texts of new messages until its compaction.
  if (call.do === 'dropCachedMessages')
    await writer.compactLog().catch((error: unknown) => ports.log('warn', 'log-not-compacted', errorDetails(error)));
  return answer;
};

const answerQuery = async (sources: QuerySources, call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> => {
  const { ports, writer, ask, history, flushes, leader } = sources;
  switch (call.do) {
    case 'loadOlderMessages':
      return history.loadOlder(...call.args);
    case 'loadMessages':
      return loadMessages(writer, history, ...call.args);
    case 'findMessage':
      return findMessage(writer, ...call.args);
    case 'seqOf': {
      const [conversationId, messageId] = call.args;
      return writer.read('seq-of', async (model, tx) => {
        const conversation = model.get(conversationId);
        return conversation ? ((await findInConversation(tx, conversation, [messageId])).get(messageId)?.seq ?? null) : null;
      });
    }
    case 'firstUnread':
      // Before the first complete snapshot of this device, its counts would be guesses.
      await whenKnown(writer);
      return firstUnread(writer, ...call.args);
    case 'explainUnread':
      return explainUnread(writer.model, ...call.args);
    case 'inspect':
      return [inspectAccount(writer.model, (entry) => leader.attempts(entry)), ports.logged ?? []];
    case 'settledOf':
      return settledOf(writer, ...call.args);
    case 'fetchReceipts':
      requireNotPaused(writer);
      return fetchReceipts(ask, writer, ...call.args);
    case 'fetchReadMembers':
      requireNotPaused(writer);
      return fetchReadMembers(ask, ...call.args);
    case 'storage':
      return measureStorage(ports, writer);
    case 'dropCachedMessages':
      return dropMessages(ports, writer);
    case 'flush':
      return flush(ports, writer, () => leader.nudge(), ...call.args, flushes);
  }
};
