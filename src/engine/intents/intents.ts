/**
 * Intents: the calls by which the user changes something. Each call is one decision inside one write transaction.
 *
 *   page ── call ──> Engine.intent ──> Writer ── one transaction ──> decide(draft, ports, ...args)
 *                                                                     │ reads the account state
 *                                                                     └ adds changes to the draft: one log record
 *
 * A new call touches three files: its signature in `model/api/intents.ts`, its declaration in a file of this shelf, and the page's call in
 * `client/changes.ts`. A new file of this shelf is added to the record below.
 */
import type { IntentCall, Intents } from '../../model/api/intents.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { WriteOptions } from '../write/group-commit.ts';
import { archiveIntents } from './archive.ts';
import { clearMessagesIntents } from './clear-messages.ts';
import { deadLetterIntents } from './dead-letters.ts';
import type { IntentTable } from './intent.ts';
import { markIntents } from './mark-unread.ts';
import { positionIntents } from './positions.ts';
import { arrivalIntents } from './read-arrivals.ts';
import { groupIntents } from './read-group.ts';
import { recallIntents } from './recall-message.ts';
import { messageIntents } from './send-message.ts';
import { readReceiptIntents } from './send-read-receipts.ts';
import { switchIntents } from './switches.ts';

const INTENTS: IntentTable = {
  ...messageIntents,
  ...recallIntents,
  ...readReceiptIntents,
  ...positionIntents,
  ...clearMessagesIntents,
  ...groupIntents,
  ...arrivalIntents,
  ...markIntents,
  ...archiveIntents,
  ...switchIntents,
  ...deadLetterIntents,
};

/** A call of one name. In the union {@link IntentCall} the compiler cannot relate the arguments to the name. */
interface CallOf<Name extends keyof Intents> {
  readonly do: Name;
  readonly args: Parameters<Intents[Name]>;
}

const lookupOf = <Name extends keyof Intents>(call: CallOf<Name>) => INTENTS[call.do].lookup?.(...call.args);

const decide = <Name extends keyof Intents>(draft: Draft, ports: IntentPorts, call: CallOf<Name>): unknown =>
  INTENTS[call.do].decide(draft, ports, ...call.args);

/** Options of the write: every intent is strict, so the change is flushed to disk before the call resolves (I-1). */
export const intentOptions = (call: IntentCall): WriteOptions => {
  const lookup = lookupOf(call);
  const { readsPages, keepsReserve = false } = INTENTS[call.do];
  return { durability: 'strict', readsPages, keepsReserve, ...(lookup ? { lookup } : {}) };
};

/** Decides one call inside the transaction that writes its changes. */
export const decideIntent = (draft: Draft, ports: IntentPorts, call: IntentCall): unknown => decide(draft, ports, call);
