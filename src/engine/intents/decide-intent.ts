/** What the user asked for, to the decision that is made of it: which one, and what it needs to be read. */
import type { IntentCall, Intents } from '../../model/intents.ts';
import type { Ports } from '../../ports/ports.ts';
import { dismissDeadLetter, retryDeadLetter } from './dead-letters.ts';
import { clearAllUnreadCounts, clearConversationUnreadCount, sendConversationReadReceipt } from './positions.ts';
import { recallMessage } from './recall-message.ts';
import { sendMessage } from './send-message.ts';
import { readGroup, readGroupArrivals } from './read-group.ts';
import { readArrivals, sendReadReceipts } from './send-read-receipts.ts';
import { setMarkedUnread, setMuted, setPaused, setReceiptSettings } from './switches.ts';
import type { Lookup } from '../state/message-index.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import type { WriteOptions } from '../write/group-commit.ts';

/** These look into pages to find what they name. */
const READS_PAGES: ReadonlySet<keyof Intents> = new Set([
  'sendReadReceipts',
  'recallMessage',
  'sendConversationReadReceipt',
  'clearConversationUnreadCount',
  'readGroup',
  'readGroupArrivals',
] satisfies (keyof Intents)[]);

/** The messages a call names. */
const lookupOf = (call: IntentCall): Lookup | undefined => {
  switch (call.do) {
    case 'sendReadReceipts':
      return { conversationId: call.args[0], ids: call.args[1] };
    case 'sendConversationReadReceipt':
      return call.args[1].upTo === undefined ? undefined : { conversationId: call.args[0], ids: [call.args[1].upTo] };
    case 'clearConversationUnreadCount':
      return call.args[1] === undefined ? undefined : { conversationId: call.args[0], ids: [call.args[1]] };
    default:
      return undefined;
  }
};

/** A message is named before anything else: however often what follows is tried, it is the same one. */
export const withMessageId = (call: IntentCall, random: Pick<Ports['random'], 'id'>): IntentCall =>
  call.do === 'sendMessage' && call.args[1].id === undefined
    ? { do: call.do, args: [call.args[0], { ...call.args[1], id: random.id() }] }
    : call;

/** Strict: what the user did is flushed before it counts as done (I-1). */
export const intentOptions = (call: IntentCall): WriteOptions => {
  const lookup = lookupOf(call);
  return { durability: 'strict', readsPages: READS_PAGES.has(call.do), ...(lookup ? { lookup } : {}) };
};

/** Decides one intent inside the transaction that writes it. */
export const decideIntent = (draft: Draft, ports: IntentPorts, call: IntentCall): unknown => {
  switch (call.do) {
    case 'sendMessage':
      return sendMessage(draft, ports, ...call.args);
    case 'recallMessage':
      return recallMessage(draft, ports, ...call.args);
    case 'sendReadReceipts':
      return sendReadReceipts(draft, ports, ...call.args);
    case 'sendConversationReadReceipt':
      return sendConversationReadReceipt(draft, ports, ...call.args);
    case 'clearConversationUnreadCount':
      return clearConversationUnreadCount(draft, ports, ...call.args);
    case 'clearAllUnreadCounts': {
      clearAllUnreadCounts(draft, ports);
      return;
    }
    case 'setMarkedUnread': {
      setMarkedUnread(draft, ports, ...call.args);
      return;
    }
    case 'setMuted': {
      setMuted(draft, ports, ...call.args);
      return;
    }
    case 'setReceiptSettings': {
      setReceiptSettings(draft, ports, ...call.args);
      return;
    }
    case 'readArrivals':
      return readArrivals(draft, ports, ...call.args);
    case 'readGroup':
      return readGroup(draft, ports, ...call.args);
    case 'readGroupArrivals':
      return readGroupArrivals(draft, ports, ...call.args);
    case 'setPaused': {
      setPaused(draft, ...call.args);
      return;
    }
    case 'retryDeadLetter':
      return retryDeadLetter(draft, ports, ...call.args);
    case 'dismissDeadLetter': {
      dismissDeadLetter(draft, ...call.args);
      return;
    }
  }
};
