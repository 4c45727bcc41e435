/** A user gets the same answer, byte for byte, for a hidden conversation and for an unknown conversation. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClientFrame, ServerFrame } from '../../src/protocol/frames.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import { authenticate, hello } from './server-harness.ts';

const IDS = ['crew-1', 'crew-recalled', 'direct-1', 'past-late', 'past-early', 'eves', 'nowhere'];
const GROUPS = ['group:crew', 'group:past', 'group:nobody'] as const;
const CONVERSATIONS = [...GROUPS, 'direct:ann', 'direct:ben', 'direct:nobody'] as const;

/**
 * Eve was a member of the group `past`, is in no other group, and may write to no user. @param full whether
 * the world has conversations hidden from Eve.
 */
const world = async (full: boolean, visibleTo: 'sender' | 'members'): Promise<ReceiptServer> => {
  const server = createReceiptServer({
    store: createMemoryStore({ now: () => 1_795_000_000_000 }),
    authenticate,
    policy: { receipts: { groups: true, visibleTo }, rate: { perSecond: 1e6, burst: 1e6 } },
    directory: { mayMessage: (from) => from !== 'eve' },
  });
  const asking = { receiptRequested: true };
  const past = { group: 'past' };
  await server.createGroup({ groupId: 'past', members: ['ann', 'ben', 'eve'].map((userId) => ({ userId })) });
  await server.publish({ from: 'ann', to: past, id: 'past-early', body: 1, ...asking });
  await server.publish({ from: 'eve', to: past, id: 'eves', body: 1, ...asking });
  await server.removeMember('past', 'eve');
  if (!full) return server;
  await server.publish({ from: 'ann', to: past, id: 'past-late', body: 1, ...asking });
  await server.createGroup({ groupId: 'crew', members: ['ann', 'ben'].map((userId) => ({ userId })) });
  await server.publish({ from: 'ann', to: { group: 'crew' }, id: 'crew-1', body: 1, ...asking });
  await server.publish({ from: 'ann', to: { group: 'crew' }, id: 'crew-recalled', body: 1, ...asking });
  await server.publish({ from: 'ann', to: { user: 'ben' }, id: 'direct-1', body: 1 });
  const recall = { kind: 'recall', key: 'r', conversationId: 'group:crew', cursor: null, id: 'crew-recalled' };
  await server.request(JSON.stringify([hello('ann'), { type: 'submit', id: 1, entries: [recall] }]));
  return server;
};

let keys = 0;
const submit = (conversationId: string, entry: object): ClientFrame => ({
  type: 'submit',
  id: 1,
  entries: [{ key: `k${++keys}`, conversationId, cursor: null, ...entry }],
});

/** Frames of every kind with the name of a conversation or a message. */
const probes = (): readonly (readonly [string, ClientFrame])[] => [
  ...CONVERSATIONS.flatMap((conversation) => [
    ...IDS.flatMap((id): (readonly [string, ClientFrame])[] => [
      ...['1', '2'].flatMap((body) =>
        [true, false].map((receiptRequested): readonly [string, ClientFrame] => [
          `message ${id} to ${conversation}`,
          submit(conversation, { kind: 'message', id, body, receiptRequested, countable: true }),
        ]),
      ),
      [`recall of ${id} in ${conversation}`, submit(conversation, { kind: 'recall', id })],
      [`receipt for ${id} in ${conversation}`, submit(conversation, { kind: 'receipts', namedIds: [id] })],
      [
        `text for ${id} in ${conversation}`,
        submit(conversation, { kind: 'receipts', namedIds: [id], contents: [{ id, text: 'aye' }], position: 1 }),
      ],
    ]),
    ...[1, 2, 3, 99].flatMap((seq): (readonly [string, ClientFrame])[] => [
      [`position ${seq} in ${conversation}`, submit(conversation, { kind: 'receipts', position: seq })],
      [
        `receipts for ${seq} in ${conversation}`,
        submit(conversation, { kind: 'receipts', named: [[seq, seq]], read: [[1, seq]], delivered: [[1, seq]] }),
      ],
    ]),
    [`flags in ${conversation}`, submit(conversation, { kind: 'receipts', muted: { count: 1, value: true } })] as const,
    [
      `messages of ${conversation}`,
      { type: 'fetch', id: 2, wants: [{ conversationId: conversation, seqs: [[1, 99]], limit: 50 }] },
    ] as const satisfies readonly [string, ClientFrame],
  ]),
  ...IDS.flatMap((messageId): (readonly [string, ClientFrame])[] => [
    [`receipts of ${messageId}`, { type: 'fetch-receipts', id: 3, messageIds: [messageId] }],
    ...(['read', 'unread'] as const).flatMap((filter) =>
      [null, filter === 'read' ? 'r0.ann' : 'u0.ann', 'made up', `${filter[0]}0.\ufeffann`].map(
        (cursor): readonly [string, ClientFrame] => [
          `who has ${filter} ${messageId}, behind ${String(cursor)}`,
          { type: 'fetch-members', id: 4, messageId, filter, cursor, limit: 10 },
        ],
      ),
    ),
  ]),
  ['everything', { type: 'pull', cursor: null }],
];

/** Versions and cursors count transactions, and the full world has more of them. */
const comparable = (body: string): string => body.replaceAll(/"(version|from|to|at)":("[^"]*"|\d+)/g, '"$1":0');

describe.each(['sender', 'members'] as const)('facts hidden from a user (receipts visible to: %s)', (visibleTo) => {
  let full: ReceiptServer;
  let bare: ReceiptServer;
  beforeAll(async () => {
    [full, bare] = [await world(true, visibleTo), await world(false, visibleTo)];
  });

  it('a user who was never a member and a former member get the same bytes as if the group did not exist (F124)', async () => {
    for (const [what, frame] of probes()) {
      const body = JSON.stringify([hello('eve'), frame]);
      const [seen, expected] = [await full.request(body), await bare.request(body)];
      expect(`${seen.status} ${comparable(seen.body)}`, what).toBe(`${expected.status} ${comparable(expected.body)}`);
    }
  });

  it('a message to a group without its sender gets the answer of a missing group, for any message id (F124)', async () => {
    for (const id of IDS)
      for (const group of ['group:crew', 'group:nobody']) {
        const frame = submit(group, { kind: 'message', id, body: '3', receiptRequested: false, countable: true });
        const { body } = await full.request(JSON.stringify([hello('eve'), frame]));
        const [, answer] = JSON.parse(body) as ServerFrame[];
        expect(answer).toMatchObject({ results: [{ outcome: 'rejected', code: 'rejected/no-such-conversation' }] });
      }
  });

  it('a sender with permission to write gets rejected/id-conflict for a used id, and no conversation is created', async () => {
    const frame = submit('direct:zoe', { kind: 'message', id: 'crew-1', body: '3', receiptRequested: false, countable: true });
    const { body } = await full.request(JSON.stringify([hello('dan'), frame, { type: 'pull', cursor: null }]));
    const [, answer, changes] = JSON.parse(body) as ServerFrame[];
    expect(answer).toMatchObject({ results: [{ outcome: 'rejected', code: 'rejected/id-conflict' }] });
    expect(changes).toMatchObject({ rows: [] });
  });

  it('a repeated message is confirmed again after its sender has left the group', async () => {
    const frame = submit('group:past', { kind: 'message', id: 'eves', body: '1', receiptRequested: true, countable: true });
    const { body } = await full.request(JSON.stringify([hello('eve'), frame]));
    expect((JSON.parse(body) as ServerFrame[])[1]).toMatchObject({ results: [{ outcome: 'confirmed', message: { seq: 2 } }] });
  });
});
