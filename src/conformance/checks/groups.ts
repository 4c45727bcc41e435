/** Groups: members, joining and leaving, and the answers for users who are no members. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import type { Device } from '../device.ts';
import { message, receipts, type Stage } from '../stage.ts';

export interface Crew {
  readonly id: string;
  readonly group: `group:${string}`;
  readonly ann: Device;
  readonly bob: Device;
  readonly carol: Device;
}

/** A group of three; ann is an admin. */
export const crew = async (stage: Stage): Promise<Crew> => {
  const [ann, bob, carol] = [await stage.connect(), await stage.connect(), await stage.connect()];
  const id = stage.name('g');
  const members = [ann, bob, carol].map(({ userId }, i) => ({ userId, role: i === 0 ? 'admin' : 'member' }));
  await stage.host.ask('group', { groupId: id, members });
  for (const device of [ann, bob, carol]) await device.pull(null);
  return { id, group: `group:${id}`, ann, bob, carol };
};

export const setMember = (stage: Stage, groupId: string, { userId }: Device, role: 'member' | 'admin' | null): Promise<unknown> =>
  stage.host.ask('member', { groupId, userId, role });

export const GROUPS = checksOf('full', 'Groups', {
  'groups.message': [
    'a message of a member reaches all members, in one order of seqs',
    async (stage) => {
      const { group, ann, bob, carol } = await crew(stage);
      like((await ann.confirm(message(group, { receiptRequested: false }))).message, { seq: 1 }, 'the answer');
      like((await bob.confirm(message(group, { receiptRequested: false }))).message, { seq: 2 }, 'the answer');
      for (const device of [ann, bob, carol]) await device.sees('both messages', (copy) => copy.messages(group).length === 2);
      demand(carol.copy.unread(group) === 2 && ann.copy.unread(group) === 1, 'unread counts of 2 and 1', [
        carol.copy.row(group),
        ann.copy.row(group),
      ]);
    },
  ],
  'groups.hidden': [
    'a user outside gets the answer for a group that does not exist, byte for byte',
    async (stage) => {
      const { group, ann } = await crew(stage);
      const entry = message(group, { receiptRequested: false });
      await ann.confirm(entry);
      const eve = await stage.connect();
      for (const one of [
        message(group),
        receipts(group, { position: 1 }),
        { ...message(group), id: entry.id },
        { kind: 'recall', key: 'k', conversationId: group, cursor: null, id: entry.id },
      ]) {
        const unknown = {
          ...one,
          conversationId: 'group:no-such-group',
          ...('id' in one && one['id'] !== entry.id ? { id: stage.name('m') } : {}),
        };
        const [there, nowhere] = [await eve.put(one), await eve.put(unknown)];
        demand(JSON.stringify(there) === JSON.stringify(nowhere), JSON.stringify(nowhere), there);
        like(there, { outcome: 'rejected', code: 'rejected/no-such-conversation' }, 'the result');
      }
      like(
        await eve.fetch([{ conversationId: group, seqs: [[1, 9]], messageId: entry.id, limit: 9 }]),
        [],
        'the messages for a user outside',
      );
    },
  ],
  'groups.join': [
    'a user who joins sees none of the earlier messages, and counts none',
    async (stage) => {
      const { id, group, ann } = await crew(stage);
      await ann.submit([message(group, { receiptRequested: false }), message(group, { receiptRequested: false })]);
      const dora = await stage.device();
      await setMember(stage, id, dora, 'member');
      await dora.sees('the group', ({ rows }) => rows.has(group));
      like(dora.copy.row(group), { latestSeq: 2, joinedAt: 2, lastMessage: null }, 'the row of the new member');
      like(await dora.fetch([{ conversationId: group, seqs: [[1, 2]], limit: 9 }]), [], 'the earlier messages');
      await ann.confirm(message(group, { receiptRequested: false }));
      await dora.sees('the third message', (copy) => copy.messages(group).length === 1);
      demand(dora.copy.unread(group) === 1, 'an unread count of 1', dora.copy.row(group));
    },
  ],
  'groups.leave': [
    'a removed member gets a row that ends there, nothing later, and may write no more',
    async (stage) => {
      const { id, group, ann, bob } = await crew(stage);
      await ann.confirm(message(group, { receiptRequested: false }));
      await bob.sees('the message', (copy) => copy.messages(group).length === 1);
      await setMember(stage, id, bob, null);
      await bob.sees('the departure', ({ rows }) => rows.get(group)?.left.value === true);
      const last = bob.news.flatMap(({ rows }) => rows).find(({ left }) => left.value);
      like(last, { latestSeq: 1, joinedAt: 1, lastMessage: null }, 'the row that tells of the departure');
      demand(bob.copy.unread(group) === 0, 'an unread count of 0', bob.copy.row(group));
      await ann.confirm(message(group, { receiptRequested: false }));
      await bob.quiet();
      like(
        bob.copy.messages(group).map(({ seq }) => seq),
        [1],
        'the messages of the former member',
      );
      await bob.refuse(message(group), 'rejected/no-such-conversation', 'a message of a former member');
      await bob.refuse(receipts(group, { position: 2 }), 'rejected/no-such-conversation', 'receipts of a former member');
    },
  ],
  'groups.return': [
    'a member who comes back keeps the position; what was sent in between is not unread',
    async (stage) => {
      const { id, group, ann, bob } = await crew(stage);
      await ann.confirm(message(group, { receiptRequested: false }));
      await bob.confirm(receipts(group, { position: 1 }));
      await setMember(stage, id, bob, null);
      await ann.confirm(message(group, { receiptRequested: false }));
      await setMember(stage, id, bob, 'member');
      await bob.sees('the return', ({ rows }) => rows.get(group)?.left.value === false && rows.get(group)!.left.count >= 2);
      like(bob.copy.row(group), { readUpTo: 1, joinedAt: 2 }, 'the row');
      demand(bob.copy.unread(group) === 0, 'an unread count of 0', bob.copy.row(group));
    },
  ],
  'groups.private': [
    'a position in a group changes the own row alone',
    async (stage) => {
      const { group, ann, bob, carol } = await crew(stage);
      await ann.confirm(message(group, { receiptRequested: false }));
      for (const device of [ann, carol]) await device.sees('the message', (copy) => copy.messages(group).length === 1);
      const versions = [ann, carol].map((device) => device.copy.row(group).version);
      await bob.confirm(receipts(group, { position: 1 }));
      for (const device of [ann, carol]) await device.pull(null);
      like(
        [ann, carol].map((device) => device.copy.row(group).version),
        versions,
        'the versions of the other rows',
      );
    },
  ],
  'groups.no-conversation-receipts': [
    'a group has neither conversation read receipts nor delivery receipts: read and delivered are ignored',
    async (stage) => {
      const { group, ann, bob } = await crew(stage);
      await ann.confirm(message(group, { receiptRequested: false }));
      const { row } = await bob.confirm(receipts(group, { read: [[1, 1]], delivered: [[1, 1]], position: 1 }));
      like(row, { readUpTo: 1, mine: { read: [], delivered: [] } }, 'the row');
    },
  ],
});
