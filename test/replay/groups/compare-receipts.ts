/** Compares counts and lists of readers, as the server gives them to senders and to others, with the recount. */
import { type Door, framesOf } from '../door.ts';
import type { Tally } from '../tally.ts';
import { groupId, messageId } from './names.ts';
import type { Recount, RecountedGroup, RecountedMessage } from './recount.ts';

const IDS_AT_ONCE = 100;
const PAGE = 100;
const SMALL_PAGE = 9;
/** A message in this many is queried by members other than its sender. */
const SAMPLE = 5;

/** A person without messages and without groups. */
export const NEWCOMER = 'newcomer';

interface Placed {
  readonly group: RecountedGroup;
  readonly message: RecountedMessage;
}

interface List extends Placed {
  readonly filter: 'read' | 'unread';
  readonly limit: number;
  readonly members: { readonly userId: string; readonly readAt: number | null }[];
  cursor: string | null;
}

const idOf = ({ group, message }: Placed): string => messageId(group.name, message.number);

const told = async (door: Door, userId: string, messages: readonly Placed[]) => {
  const ids = messages.map(idOf);
  const questions = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE)
    questions.push({ type: 'fetch-receipts', messageIds: ids.slice(from, from + IDS_AT_ONCE) } as const);
  const answers = await door.ask(userId, questions);
  const receipts = answers.flatMap((frames) => framesOf(frames, 'receipts').flatMap((frame) => frame.receipts));
  return messages.map((message, i) => ({ message, receipt: receipts[i] }));
};

/** All pages of both lists for each message. */
const listsOf = async (door: Door, userId: string, messages: readonly Placed[]): Promise<readonly List[]> => {
  const lists = messages.flatMap((placed, i) =>
    (['read', 'unread'] as const).map((filter): List => ({
      ...placed,
      filter,
      limit: i % (2 * SAMPLE) === 0 ? SMALL_PAGE : PAGE,
      members: [],
      cursor: null,
    })),
  );
  for (let open = lists; open.length > 0;) {
    const answers = await door.ask(
      userId,
      open.map((list) => ({ type: 'fetch-members', messageId: idOf(list), filter: list.filter, cursor: list.cursor, limit: list.limit })),
    );
    open = open.filter((list, i) => {
      const [page] = framesOf(answers[i]!, 'members');
      if (!page) throw new Error(`no page of members for ${idOf(list)}`);
      list.members.push(...page.members);
      list.cursor = page.cursor;
      return !page.complete;
    });
  }
  return lists;
};

const compareAsSender = async (tally: Tally, door: Door, sender: string, asking: readonly Placed[]): Promise<void> => {
  for (const { message: placed, receipt } of await told(door, sender, asking)) {
    const { group, message } = placed;
    const where = idOf(placed);
    tally.same('receipts: how many have read', where, receipt?.readCount, message.readBy.size);
    tally.same('receipts: of how many', where, receipt?.memberCount, message.members.size);
    tally.same('receipts: not expired', where, receipt?.expired, false);
    tally.same(
      'receipts: where the message is',
      where,
      `${receipt?.location?.conversationId} ${receipt?.location?.seq}`,
      `${groupId(group.name)} ${message.number}`,
    );
  }
  for (const list of await listsOf(door, sender, asking)) {
    const { message, filter, members } = list;
    const where = idOf(list);
    const right = [...message.members].filter((member) => message.readBy.has(member) === (filter === 'read'));
    const found = members.map(({ userId }) => userId);
    if (filter === 'read') {
      tally.same('lists of who has read', where, found.sort().join(' '), right.sort().join(' '));
      const inOrder = members.every(({ readAt }, i) => readAt !== null && readAt >= (members[i - 1]?.readAt ?? 0));
      tally.same('lists of who has read, by time', where, inOrder, true);
    } else tally.same('lists of who has not', where, found.join(' '), right.sort().join(' '));
  }
};

const nothing = (placed: Placed): string => JSON.stringify({ messageId: idOf(placed), readCount: 0, memberCount: 0, expired: false });

/** A query by a person without permission, or for messages without a receipt request. */
const compareNothing = async (tally: Tally, door: Door, what: string, userId: string, messages: readonly Placed[]): Promise<void> => {
  for (const { message, receipt } of await told(door, userId, messages))
    tally.same(`${what}: no counts`, `${idOf(message)} for ${userId}`, JSON.stringify(receipt), nothing(message));
  for (const list of await listsOf(door, userId, messages))
    tally.same(`${what}: no lists`, `${idOf(list)} for ${userId}`, list.members.length, 0);
};

/** Queries for all messages. A departed person comes back to ask, and a new person joins without being counted. */
export const compareReceipts = async (
  tally: Tally,
  recount: Recount,
  door: Door,
  progress: (done: number, of: number) => void,
): Promise<void> => {
  const bySender = new Map<string, Placed[]>();
  const groups = [...recount.groups.values()];
  let done = 0;
  for (const group of groups) {
    const asking = group.asking().map((message) => ({ group, message }));
    const sample = asking.filter((_, i) => i % SAMPLE === SAMPLE - 1);
    await compareNothing(tally, door, 'asked from outside the group', NEWCOMER, sample);
    await door.server.addMember(group.name, NEWCOMER);
    await compareNothing(tally, door, 'asked by a person who came later', NEWCOMER, sample);
    for (const placed of sample) {
      const other = [...placed.message.members].find((member) => group.now.has(member));
      if (other !== undefined) await compareNothing(tally, door, 'asked by a member', other, [placed]);
    }
    for (const placed of asking) bySender.set(placed.message.from, [...(bySender.get(placed.message.from) ?? []), placed]);
    // Some of these requested receipts in vain, because the group was too large.
    const silent = group.messages.filter(({ asks }, i) => !asks && i % SAMPLE === 0).map((message) => ({ group, message }));
    for (const placed of silent)
      if (group.now.has(placed.message.from))
        await compareNothing(tally, door, 'asked for messages without receipts', placed.message.from, [placed]);
    progress(++done, groups.length + 1);
  }
  for (const [sender, asking] of bySender) {
    for (const group of new Set(asking.map(({ group }) => group)))
      if (!group.now.has(sender)) await door.server.addMember(group.name, sender);
    await compareAsSender(tally, door, sender, asking);
  }
  progress(groups.length + 1, groups.length + 1);
};
