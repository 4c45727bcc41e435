/** Asks the server for the members who have read an own group message, or have not. */
import { ProtocolError } from '../../errors.ts';
import type { MessageId } from '../../model/ids.ts';
import type { ReadMembersPage, ReadMembersWanted } from '../../model/api/intents.ts';
import type { Ask } from './ask.ts';

export const fetchReadMembers = async (ask: Ask, messageId: MessageId, wanted: ReadMembersWanted): Promise<ReadMembersPage> => {
  const { filter, cursor, limit } = wanted;
  const answers = await ask.ask({ type: 'fetch-members', id: 1, messageId, filter, cursor, limit: Math.min(limit, ask.limits.members) });
  const page = answers.find((answer) => answer.type === 'members');
  if (!page) throw new ProtocolError('protocol/bad-frame', 'the server answered fetch-members without a members frame');
  return { members: page.members, cursor: page.cursor, complete: page.complete };
};
