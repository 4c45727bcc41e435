/** Compares the server's answers to a new device of each person, and the stored messages of the devices, with the recount. */
import { fromSeqs } from '../../../src/model/registers/ranges.ts';
import type { ConversationRow } from '../../../src/model/conversation/conversation.ts';
import { ProtocolClient } from '../../support/protocol-client.ts';
import type { Door } from '../door.ts';
import { covers, type Tally, unreadIn } from '../tally.ts';
import type { Member } from './member.ts';
import { groupId } from './names.ts';
import type { Recount, RecountedGroup } from './recount.ts';

const AT_ONCE = 8;

/** Unread messages are also above the seq of the last join. */
const unreadAbove = (row: ConversationRow): number => unreadIn({ ...row, readUpTo: Math.max(row.readUpTo, row.joinedAt) });

/** Compares a person's row of a group. */
export const compareRow = (tally: Tally, group: RecountedGroup, me: string, row: ConversationRow | undefined, who = ''): void => {
  const where = `${me} in ${group.name}`;
  tally.same(`${who}messages in a group`, where, row?.latestSeq, group.messages.length);
  if (!row) return;
  tally.same(`${who}read positions`, where, row.readUpTo, group.position.get(me) ?? 0);
  tally.same(`${who}unread counts`, where, unreadAbove(row), group.unread(me));
  tally.same(`${who}where they came in`, where, row.joinedAt, group.joinedAfter.get(me));
  tally.same(`${who}messages they were in for`, where, JSON.stringify(row.present), JSON.stringify(fromSeqs(group.present.get(me) ?? [])));
  // The stored receipts may cover any message without a request to this person, which keeps the ranges few.
  for (const { number, asks, members, readBy } of group.messages)
    if (asks && members.has(me))
      tally.same(`${who}receipts they told`, `${where}, message ${number}`, covers(row.mine.named, number), readBy.has(me));
};

const rowsOf = async (door: Door, person: string): Promise<ProtocolClient['rows']> => {
  const witness = await ProtocolClient.connect(door.server.url, await door.token(person), person, 'witness');
  witness.close();
  return witness.rows;
};

const compareHeld = (tally: Tally, groups: Recount['groups'], { userId, held }: Member): void => {
  for (const { name, messages } of groups.values())
    for (const { seq, senderId, body, receiptRequested } of held.get(groupId(name))?.values() ?? []) {
      const message = messages[seq - 1];
      const where = `${userId} in ${name}, message ${seq}`;
      tally.same('texts held on devices', where, JSON.parse(body), message?.text);
      tally.same('senders held on devices', where, senderId, message?.from);
      if (message?.asks) tally.same('messages known to ask', where, receiptRequested, true);
    }
};

export const compareMembers = async (
  tally: Tally,
  recount: Recount,
  door: Door,
  devices: ReadonlyMap<string, Member>,
  progress: (done: number, of: number) => void,
): Promise<void> => {
  const waiting = recount.people();
  const of = waiting.length;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let me = waiting.pop(); me !== undefined; me = waiting.pop()) {
      const rows = await rowsOf(door, me);
      for (const group of recount.groupsOf(me)) {
        const row = rows.get(groupId(group.name));
        if (group.now.has(me)) compareRow(tally, group, me, row);
        else tally.same('unread counts of who left', `${me} in ${group.name}`, row ? unreadAbove(row) : 0, 0);
      }
      const device = devices.get(me);
      if (device) compareHeld(tally, recount.groups, device);
      progress(++done, of);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
};
