/** Receipts of group messages, and the policy that governs them. These checks change the policy of the whole server, so they run alone. */
import type { Frame } from '../../protocol/frames.ts';
import { checksOf } from '../check.ts';
import { demand, like, matches } from '../demand.ts';
import type { Check } from '../check.ts';
import { message, receipts, type Stage } from '../stage.ts';
import { crew, setMember } from './groups.ts';

type Receipts = Frame<'welcome'>['receipts'];

const WITH_RECEIPTS: Receipts = { groups: true, mayRequest: 'members', windowMs: 259_200_000, maxMembers: 200, visibleTo: 'sender' };

/** Behind one address may be several nodes: the policy is in force when this many connections in a row say so. */
const CONNECTIONS = 6;

const inForce = async (stage: Stage, policy: object): Promise<void> => {
  const end = Date.now() + stage.patienceMs;
  for (let agreed = 0; agreed < CONNECTIONS;) {
    const { welcome, wire } = await stage.connect();
    wire.cut();
    agreed = matches(welcome, policy) ? agreed + 1 : 0;
    demand(Date.now() < end, `the policy ${JSON.stringify(policy)} in each welcome`, welcome);
  }
};

/** Runs with this policy, and then with the one before. */
const under =
  (change: Partial<Receipts>, run: (stage: Stage) => Promise<void>): Check['run'] =>
  async (stage) => {
    const before = (await stage.connect()).welcome!.receipts;
    const policy = { ...WITH_RECEIPTS, ...change };
    await stage.host.ask('policy', { receipts: policy });
    try {
      await inForce(stage, { receipts: policy });
      await run(stage);
    } finally {
      await stage.host.ask('policy', { receipts: before });
    }
  };

export const GROUP_RECEIPTS = checksOf('full', 'Groups', {
  'acks.count': [
    'each member’s receipt counts once, however often it comes and whether by seq or by id; the live feed names each reader once',
    under({}, async (stage) => {
      const { group, ann, bob, carol } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      await ann.sees('the message', (copy) => copy.messages(group).length === 1);
      await bob.confirm(receipts(group, { named: [[1, 1]] }));
      await bob.confirm(receipts(group, { namedIds: [entry.id], named: [[1, 1]] }));
      await carol.confirm(receipts(group, { namedIds: [entry.id] }));
      await ann.sees('2 of 2', (copy) => copy.receipts.some(({ readCount }) => readCount === 2));
      like(ann.copy.receipts.at(-1), { id: entry.id, seq: 1, readCount: 2, memberCount: 2, expired: false }, 'the receipts');
      const readers = ann.copy.receipts.flatMap((one) => one.readers?.map(({ by }) => by) ?? []);
      like(readers.sort(), [bob.userId, carol.userId].sort(), 'the readers');
    }),
    'alone',
  ],
  'acks.members': [
    'fetch-members pages through readers and non-readers; the text of a receipt stays the first one',
    under({}, async (stage) => {
      const { id, group, ann, bob, carol } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      const dora = await stage.device();
      await setMember(stage, id, dora, 'member');
      for (const text of ['on my way', 'changed my mind'])
        await bob.confirm(receipts(group, { named: [[1, 1]], contents: [{ id: entry.id, text }] }));
      like(
        await ann.fetchMembers(entry.id, 'read'),
        { members: [{ userId: bob.userId, content: 'on my way' }], cursor: null, complete: true },
        'the readers',
      );
      like(
        await ann.fetchMembers(entry.id, 'unread'),
        { members: [{ userId: carol.userId, readAt: null }], complete: true },
        'the non-readers',
      );
      await carol.confirm(receipts(group, { named: [[1, 1]] }));
      const first = await ann.fetchMembers(entry.id, 'read', null, 1);
      like(first, { members: [{ userId: bob.userId }], complete: false }, 'the first page');
      like(await ann.fetchMembers(entry.id, 'read', first.cursor, 1), { members: [{ userId: carol.userId }] }, 'the second page');
      ann.wire.send({ type: 'fetch-members', id: 99, messageId: entry.id, filter: 'unread', cursor: first.cursor, limit: 1 });
      await ann.wire.error('protocol/bad-frame', 99);
    }),
    'alone',
  ],
  'acks.visible': [
    'a member who may not see the counts gets the bytes of a message without receipts (I-10)',
    under({ visibleTo: 'sender' }, async (stage) => {
      const { group, ann, bob } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      await bob.confirm(receipts(group, { named: [[1, 1]] }));
      const [hidden, unknown] = await bob.fetchReceipts([entry.id, 'no-such-message']);
      demand(
        JSON.stringify({ ...hidden, messageId: '' }) === JSON.stringify({ ...unknown, messageId: '' }),
        JSON.stringify(unknown),
        hidden,
      );
      like(await bob.fetchMembers(entry.id, 'read'), { members: [], cursor: null, complete: true }, 'the list for a member');
      like(
        await ann.fetchReceipts([entry.id]),
        [{ readCount: 1, memberCount: 2, location: { conversationId: group, seq: 1 } }],
        'the receipts for the sender',
      );
    }),
    'alone',
  ],
  'acks.text': [
    'a text of more than 1 KiB of UTF-8 is rejected/too-large',
    under({}, async (stage) => {
      const { group, ann, bob } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      const content = (text: string) => receipts(group, { named: [[1, 1]], contents: [{ id: entry.id, text }] });
      await bob.refuse(content('é'.repeat(513)), 'rejected/too-large', 'a text of 1026 bytes');
      await bob.confirm(content('é'.repeat(512)), 'a text of 1024 bytes');
    }),
    'alone',
  ],
  'acks.catch-up': [
    'the answer to a pull carries the numbers, and names no reader; a snapshot carries no receipts',
    under({}, async (stage) => {
      const { group, ann, bob } = await crew(stage);
      await ann.confirm(message(group));
      await ann.sees('the message', (copy) => copy.messages(group).length === 1);
      ann.close();
      await bob.confirm(receipts(group, { named: [[1, 1]] }));
      const back = await stage.connect(ann.person);
      await back.pullFor(ann.cursor, 'the receipt', (copy) => copy.receipts.length > 0);
      demand(
        back.copy.receipts.every(({ readers }) => readers === undefined || readers.length === 0),
        'no readers',
        back.copy.receipts,
      );
      like(back.copy.receipts.at(-1), { readCount: 1, memberCount: 2 }, 'the numbers');
    }),
    'alone',
  ],
});

export const POLICY = checksOf('full', 'welcome', {
  'policy.welcome': [
    'when the policy changes, the server sends welcome again with the new one',
    async (stage) => {
      const ann = await stage.connect();
      const before = ann.welcome!.receipts;
      await stage.host.ask('policy', { receipts: { ...WITH_RECEIPTS, maxMembers: 7 } });
      const welcome = await ann.wire.until(
        () => ann.wire.take((frame) => frame.type === 'welcome' && frame.receipts.maxMembers === 7),
        'welcome with the new policy',
      );
      await stage.host.ask('policy', { receipts: before });
      like(welcome, { receipts: { maxMembers: 7 } }, 'welcome');
    },
    'alone',
  ],
  'policy.groups': [
    'without receipts in groups, a message that asks is rejected/group-receipts-disabled, later ones go on, and it may be sent without asking',
    under({ groups: false }, async (stage) => {
      const { group, ann } = await crew(stage);
      const entry = message(group);
      const { results } = await ann.submit([entry, message(group, { receiptRequested: false })]);
      like(
        results,
        [
          { outcome: 'rejected', code: 'rejected/group-receipts-disabled' },
          { outcome: 'confirmed', message: { seq: 1 } },
        ],
        'the results',
      );
      like((await ann.confirm({ ...entry, key: 'again', receiptRequested: false })).message, { seq: 2 }, 'the message without its request');
    }),
    'alone',
  ],
  'policy.may-request': [
    'where only admins may ask, a message of another member that asks is rejected/permission-denied',
    under({ mayRequest: 'admins' }, async (stage) => {
      const { group, ann, bob } = await crew(stage);
      await ann.confirm(message(group), 'the message of an admin');
      await bob.refuse(message(group), 'rejected/permission-denied', 'the message of a member');
      await bob.confirm(message(group, { receiptRequested: false }), 'a message that does not ask');
    }),
    'alone',
  ],
  'policy.max-members': [
    'in a group that is too large, a message that asks is accepted without its request',
    under({ maxMembers: 2 }, async (stage) => {
      const { group, ann, bob } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      await bob.sees('the message', (copy) => copy.messages(group).length === 1);
      like(bob.copy.messages(group), [{ receiptRequested: false }], 'the message');
      await ann.confirm(entry, 'the repetition, which asks');
    }),
    'alone',
  ],
  'policy.window': [
    'a receipt after the window is refused with rejected/receipt-expired, a repeated one is confirmed, and the message expires for all',
    under({ windowMs: 1500 }, async (stage) => {
      const { group, ann, bob, carol } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      const inTime = receipts(group, { named: [[1, 1]] });
      await bob.confirm(inTime);
      await new Promise((resolve) => setTimeout(resolve, 1600));
      const late = await carol.confirm(receipts(group, { named: [[1, 1]], position: 1 }));
      like(late, { row: { readUpTo: 1 }, refused: [{ id: entry.id, code: 'rejected/receipt-expired' }] }, 'the late receipt');
      demand((await bob.confirm(inTime)).refused === undefined, 'the repeated receipt confirmed as it is', 'refused');
      like(await ann.fetchReceipts([entry.id]), [{ readCount: 1, memberCount: 2, expired: true }], 'the receipts');
    }),
    'alone',
  ],
  'policy.visible-to': [
    'where all members may see them, every member gets counts and lists',
    under({ visibleTo: 'members' }, async (stage) => {
      const { group, ann, bob, carol } = await crew(stage);
      const entry = message(group);
      await ann.confirm(entry);
      await bob.confirm(receipts(group, { named: [[1, 1]] }));
      like(await carol.fetchReceipts([entry.id]), [{ readCount: 1, memberCount: 2 }], 'the receipts for another member');
      like(await carol.fetchMembers(entry.id, 'read'), { members: [{ userId: bob.userId }] }, 'the list for another member');
    }),
    'alone',
  ],
  'policy.heartbeat': [
    'a client that sends no frame for four heartbeats is closed with 4410',
    async (stage) => {
      const { heartbeatMs } = (await stage.connect()).welcome!.limits;
      await stage.host.ask('policy', { limits: { heartbeatMs: 400 } });
      try {
        await inForce(stage, { limits: { heartbeatMs: 400 } });
        const { wire } = await stage.connect();
        await wire.closesWith(4410, stage.patienceMs + 2000);
      } finally {
        await stage.host.ask('policy', { limits: { heartbeatMs } });
      }
    },
    'alone',
  ],
});
