/** Archives conversations. The flag carries the newest message that this device knows: a later message takes the conversation out. */
import { isArchived } from '../../model/conversation/archive.ts';
import { setArchive } from '../../model/registers/flag.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { PendingReceipts } from '../../model/outbox-entry.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';

/** Archives a conversation, or takes it out of the archive; also a conversation unknown to this device. */
export const setArchived = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, archived: boolean): void => {
  const conversation = draft.model.getOrBlank(conversationId);
  const flag = conversation.archiveFlag;
  // A message may have reopened the conversation. A call with `false` lowers the flag all the same: a later mute must not bring it back.
  const known = archived ? conversation.archived : flag.value;
  const isSet = isBlind(draft.model, conversation) ? conversation.pendingReceipts.archived?.value : known;
  if (isSet !== archived)
    enqueueReceipts(draft, ports, conversationId, { archived: setArchive(flag, archived, conversation.row.latestSeq) });
};

/**
 * The archived flag after a change of the mute. A mute decides whether later messages take the conversation out of the archive. So a
 * conversation in the archive stays there until the next message, and a conversation that a message reopened stays out.
 */
export const archiveAfterMute = (conversation: ConversationState, muted: boolean): Partial<PendingReceipts> => {
  const { row, pendingReceipts, archived, archiveFlag } = conversation;
  return isArchived(row, pendingReceipts, muted) === archived ? {} : { archived: setArchive(archiveFlag, archived, row.latestSeq) };
};

export const archiveIntents = {
  setArchived: { readsPages: false, decide: setArchived },
} satisfies Partial<IntentTable>;
