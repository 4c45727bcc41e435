import { beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../src/logging.ts';
import type { ClockPort } from '../../../src/ports/ports.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../src/protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import type { GroupMember } from '../../../src/server/groups/directory.ts';
import { createMemoryStore, type MemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer, ReceiptServerOptions } from '../../../src/server/receipt-server.ts';
import type { Connection } from '../../../src/server/socket.ts';
import { groupMessage, groupReceipts } from '../../contract/groups.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

let clock: TestClock;
let store: MemoryStore;
let server: ReceiptServer;

class Phone {
  readonly socket = new FakeSocket();
  readonly connection: Connection;
  #ids = 0;
  #taken = 0;
  constructor(readonly userId: string) {
    this.connection = server.connect(this.socket)!;
    this.connection.receive(JSON.stringify({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: 'd' }));
  }
  async ask(frame: ClientFrame): Promise<void> {
    this.connection.receive(JSON.stringify(frame));
    await this.connection.settled();
  }
  submit(...entries: Frame<'submit'>['entries']): Promise<void> {
    return this.ask({ type: 'submit', id: ++this.#ids, entries });
  }
  /** Frames since the last call. */
  news(): ServerFrame[] {
    const frames = this.socket.sent.slice(this.#taken) as ServerFrame[];
    this.#taken = this.socket.sent.length;
    return frames;
  }
  receipts() {
    return this.news().flatMap((frame) => (frame.type === 'changes' ? [frame.receipts ?? []] : []));
  }
}

const open = (options: Partial<ReceiptServerOptions> = {}): void => {
  clock = new TestClock();
  store = createMemoryStore({ now: clock.wall });
  server = createReceiptServer({
    store,
    authenticate: async (token) => ({ userId: token }),
    clock,
    policy: { receipts: { groups: true } },
    ...options,
  });
};
const phone = async (userId: string): Promise<Phone> => {
  const one = new Phone(userId);
  await one.ask({ type: 'pull', cursor: null });
  one.news();
  return one;
};
const settle = async (...phones: Phone[]): Promise<void> => {
  await clock.pass(0);
  for (const one of phones) await one.connection.settled();
};

beforeEach(() => open());

describe('group receipts on the wire', () => {
  it('200 readers within a second reach the sender in at most five frames, with 200 of 200 at the end', async () => {
    const readers = Array.from({ length: 200 }, (_, i) => `reader-${i}`);
    void server.setPolicy({ receipts: { maxMembers: 201 } });
    await server.createGroup({ groupId: 'crew', members: ['ann', ...readers].map((userId) => ({ userId })) });
    const ann = await phone('ann');
    await ann.submit(groupMessage('crew', 'm1'));
    await settle(ann);
    ann.news();
    for (const [i, reader] of readers.entries()) {
      const one = new Phone(reader);
      await one.submit(groupReceipts('crew', { named: [[1, 1]] }));
      one.connection.closed();
      if (i % 2 === 1) await clock.pass(9);
    }
    await clock.pass(250);
    await settle(ann);
    const steps = ann.receipts();
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.length).toBeLessThanOrEqual(5);
    expect(steps.at(-1)?.at(-1)).toMatchObject({ readCount: 200, memberCount: 200 });
    const named = steps.flat().flatMap(({ readers: members = [] }) => members.map(({ by }) => by));
    expect(named.sort()).toEqual([...readers].sort());
  });

  it('live news over HTTP without room in an answer go on in the next request, with the readers', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    const ids = Array.from({ length: 200 }, (_, i) => `m${i}`);
    for (let i = 0; i < 200; i += 50) await ann.submit(...ids.slice(i, i + 50).map((id) => groupMessage('crew', id)));
    await ann.ask({ type: 'pull', cursor: null });
    const [from] = ann.news().flatMap((frame) => (frame.type === 'changes' && frame.complete ? [frame.to] : []));
    for (let i = 0; i < 200; i += 50) {
      const contents = ids.slice(i, i + 50).map((id) => ({ id, text: 'x'.repeat(1000) }));
      await ben.submit(groupReceipts('crew', { named: [[i + 1, i + 50]], contents }));
    }
    await settle(ann, ben);
    const pull = async (frame: Omit<Frame<'pull'>, 'type'>) => {
      const first = { type: 'hello', version: PROTOCOL_VERSION, token: 'ann', userId: 'ann', deviceId: 'd' };
      const { body } = await server.request(JSON.stringify([first, { type: 'pull', ...frame }]));
      const frames = (JSON.parse(body) as ServerFrame[]).filter((one): one is Frame<'changes'> => one.type === 'changes');
      return {
        last: frames.at(-1)!,
        named: frames.flatMap(({ receipts = [] }) => receipts.flatMap(({ id, readers = [] }) => readers.map(() => id))),
      };
    };
    let answer = await pull({ cursor: from!, waitMs: 1000 });
    const named = [...answer.named];
    let requests = 1;
    for (; !answer.last.complete; requests++) {
      answer = await pull({ cursor: answer.last.to, live: true });
      named.push(...answer.named);
    }
    expect(requests).toBeGreaterThan(1);
    expect(named.sort()).toEqual([...ids].sort());
  });

  it('the receipt of a single reader reaches the sender at once, with the reader’s name', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    await ann.submit(groupMessage('crew', 'm1'));
    await settle(ann, ben);
    expect(ben.news()).toMatchObject([{ type: 'changes', messages: [{ conversationId: 'group:crew' }] }]);
    ann.news();
    await ben.submit(groupReceipts('crew', { named: [[1, 1]] }));
    await settle(ann);
    expect(ann.receipts()).toMatchObject([[{ id: 'm1', readCount: 1, memberCount: 1, readers: [{ by: 'ben' }] }]]);
  });

  it('a new position reaches the reader’s own devices and no others', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] });
    const [ann, tablet, ben] = [await phone('ann'), await phone('ben'), await phone('ben')];
    await ann.submit(groupMessage('crew', 'm1'));
    await settle(ann, tablet, ben);
    for (const one of [ann, tablet]) one.news();
    await ben.submit(groupReceipts('crew', { position: 1 }));
    await settle(ann, tablet);
    expect(ann.news()).toEqual([]);
    expect(tablet.news()).toMatchObject([{ type: 'changes', rows: [{ readUpTo: 1 }] }]);
  });

  it('the server answers questions about receipts over WebSocket and HTTP, and a user without permission gets the same bytes as for an unknown message', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }, { userId: 'cat' }] });
    const [ann, ben, eve] = [await phone('ann'), await phone('ben'), await phone('eve')];
    await ann.submit(groupMessage('crew', 'm1'));
    await clock.pass(5);
    await ben.submit(groupReceipts('crew', { named: [[1, 1]], contents: [{ id: 'm1', text: 'seen' }] }));
    await settle(ann, ben);
    for (const one of [ann, ben]) one.news();
    const receipts: ClientFrame = { type: 'fetch-receipts', id: 1, messageIds: ['m1', 'nothing'] };
    const members = (filter: 'read' | 'unread', messageId = 'm1'): ClientFrame => ({
      type: 'fetch-members',
      id: 1,
      messageId,
      filter,
      cursor: null,
      limit: 10,
    });
    const both = async (userId: string, frame: ClientFrame): Promise<unknown> => {
      const one = { ann, ben, eve }[userId]!;
      one.news();
      await one.ask(frame);
      const [overSocket] = one.news();
      const hello = { type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: 'd' };
      const { status, body } = await server.request(JSON.stringify([hello, frame]));
      expect(status).toBe(200);
      const [, overHttp] = JSON.parse(body) as unknown[];
      expect(overHttp).toEqual(overSocket);
      return overSocket;
    };
    const zero = { readCount: 0, memberCount: 0, expired: false };
    expect(await both('ann', receipts)).toEqual({
      type: 'receipts',
      id: 1,
      receipts: [
        { messageId: 'm1', readCount: 1, memberCount: 2, expired: false, location: { conversationId: 'group:crew', seq: 1 } },
        { messageId: 'nothing', ...zero },
      ],
    });
    expect(await both('ann', members('read'))).toEqual({
      type: 'members',
      id: 1,
      members: [{ userId: 'ben', readAt: 5, content: 'seen' }],
      cursor: null,
      complete: true,
    });
    expect(await both('ann', members('unread'))).toMatchObject({ members: [{ userId: 'cat', readAt: null }] });
    for (const who of ['ben', 'eve']) {
      expect(await both(who, receipts)).toMatchObject({
        receipts: [
          { messageId: 'm1', ...zero },
          { messageId: 'nothing', ...zero },
        ],
      });
      expect(JSON.stringify(await both(who, receipts))).not.toContain('location');
      for (const filter of ['read', 'unread'] as const)
        expect(await both(who, members(filter))).toEqual(await both(who, members(filter, 'nothing')));
    }
    await ann.ask({ type: 'fetch-members', id: 7, messageId: 'm1', filter: 'read', cursor: 'ben', limit: 1 });
    expect(ann.news()).toMatchObject([{ type: 'error', code: 'protocol/bad-frame', id: 7 }]);
    void server.setPolicy({ limits: { receiptIds: 1 } });
    await ann.ask(receipts);
    expect(ann.news().at(-1)).toMatchObject({ type: 'error', code: 'protocol/bad-frame', id: 1 });
  });

  it('a new policy reaches every connection and takes effect at once (F82)', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }] });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    void server.setPolicy({ receipts: { groups: false } });
    await settle(ann, ben);
    for (const one of [ann, ben])
      expect(one.news()).toMatchObject([{ type: 'welcome', receipts: { groups: false, windowMs: 259_200_000 } }]);
    await ann.submit(groupMessage('crew', 'm1'));
    expect(ann.news()).toMatchObject([{ results: [{ code: 'rejected/group-receipts-disabled' }] }]);
    expect(() => server.setPolicy({ receipts: { windowMs: -1 } })).toThrow(
      expect.objectContaining({ code: 'usage/invalid-option' }) as Error,
    );
  });
});

describe('the expiry of a receipt', () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const window = 1000;
  const begin = async (): Promise<[Phone, Phone]> => {
    void server.setPolicy({ receipts: { windowMs: window } });
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }, { userId: 'cat' }] });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    await ann.submit(groupMessage('crew', 'm1'));
    await settle(ann, ben);
    return [ann, ben];
  };

  it.each([
    [-1, undefined],
    [0, undefined],
    [1, [{ id: 'm1', code: 'rejected/receipt-expired' }]],
  ])('a receipt %i ms after the end of the window is accepted up to the limit and refused after it (F81)', async (offset, refused) => {
    const [ann, ben] = await begin();
    await clock.pass(window + offset);
    for (const one of [ann, ben]) one.news();
    await ben.submit(groupReceipts('crew', { named: [[1, 1]], position: 1 }));
    const answer = ben.news().find((frame) => frame.type === 'answer');
    expect(answer?.results[0]).toMatchObject({ outcome: 'confirmed', row: { readUpTo: 1, mine: { named: refused ? [] : [[1, 1]] } } });
    expect((answer?.results[0] as { refused?: unknown }).refused).toEqual(refused);
    await settle(ann);
    expect(ann.receipts()).toMatchObject([[refused ? { readCount: 0, expired: true } : { readCount: 1, expired: false }]]);
  });

  it.each([-3 * DAY_MS, 3 * DAY_MS])(
    'the clock of the database decides about expiry if the clock of the node is %i ms off (F79)',
    async (offMs) => {
      const wrong: ClockPort = { wall: () => clock.wall() + offMs, mono: clock.mono, timer: (ms, fn) => clock.timer(ms, fn) };
      server = createReceiptServer({
        store,
        authenticate: async (token) => ({ userId: token }),
        clock: wrong,
        policy: { receipts: { groups: true } },
      });
      const [ann, ben] = await begin();
      await clock.pass(window);
      ben.news();
      await ben.submit(groupReceipts('crew', { named: [[1, 1]] }));
      expect(ben.news()[0]).toMatchObject({ results: [{ outcome: 'confirmed', row: { mine: { named: [[1, 1]] } } }] });
      await ann.submit(groupMessage('crew', 'm2'));
      await settle(ben);
      await clock.pass(window + 1);
      ben.news();
      await ben.submit(groupReceipts('crew', { named: [[2, 2]] }));
      expect(ben.news()[0]).toMatchObject({ results: [{ refused: [{ id: 'm2', code: 'rejected/receipt-expired' }] }] });
    },
  );

  it('an expiry is stored and sent within a minute, without a request, and at the start of a server', async () => {
    const [ann, ben] = await begin();
    for (const one of [ann, ben]) one.news();
    await clock.pass(window);
    expect(ben.news()).toEqual([]);
    await clock.pass(60_000);
    await settle(ann, ben);
    expect(ann.receipts()).toMatchObject([[{ id: 'm1', readCount: 0, memberCount: 2, expired: true }]]);
    expect(ben.receipts()).toMatchObject([[{ id: 'm1', readCount: 0, memberCount: 0, expired: true }]]);

    await ann.submit(groupMessage('crew', 'm2'));
    const later = createMemoryStore({ now: () => clock.wall() + window + 1, from: store.dump() });
    createReceiptServer({ store: later, authenticate: async (token) => ({ userId: token }), clock });
    await clock.pass(0);
    await later.read('idle', async () => undefined);
    await clock.pass(0);
    expect(later.dump().receipts.map(({ expired }) => expired)).toEqual([true, true]);
  });

  it('a server without open receipts runs no timer', async () => {
    const timers: number[] = [];
    const watched: ClockPort = {
      wall: clock.wall,
      mono: clock.mono,
      timer: (ms, fn) => {
        timers.push(ms);
        return clock.timer(ms, fn);
      },
    };
    createReceiptServer({ store: createMemoryStore(), authenticate: async () => ({ userId: 'x' }), clock: watched });
    await clock.pass(0);
    expect(timers).toEqual([]);
  });
});

describe('membership in a group', () => {
  it('members join and leave while connected (F78)', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }] });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    await server.addMember('crew', 'ben');
    await settle(ben);
    expect(ben.news()).toMatchObject([{ rows: [{ conversationId: 'group:crew', joinedAt: 0 }] }]);
    await server.addMember('crew', 'ben');
    await settle(ben);
    expect(ben.news()).toEqual([]);
    await ann.submit(groupMessage('crew', 'm1'));
    await settle(ben);
    expect(ben.news()).toMatchObject([{ rows: [{ latestSeq: 1 }] }]);
    await server.removeMember('crew', 'ben');
    await settle(ben);
    expect(ben.news()).toMatchObject([{ rows: [{ latestSeq: 1, joinedAt: 1, lastMessage: null }], messages: [] }]);
    await ann.submit(groupMessage('crew', 'm2'));
    await settle(ben);
    expect(ben.news()).toEqual([]);
    await server.removeMember('nowhere', 'ben');
    expect(store.dump().conversations).toHaveLength(1);
    await expect(server.createGroup({ groupId: 'x\n', members: [] })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(server.addMember('crew', 'ben', { role: 'king' as 'admin' })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('the host publishes to a group as a member, and the message requests receipts only if the host says so', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] });
    const ben = await phone('ben');
    expect(await server.publish({ from: 'ann', to: { group: 'crew' }, body: 1, id: 'p1' })).toMatchObject({ seq: 1 });
    await settle(ben);
    expect(ben.news()).toMatchObject([{ messages: [{ messages: [{ id: 'p1', receiptRequested: false }] }] }]);
    await expect(server.publish({ from: 'eve', to: { group: 'crew' }, body: 1 })).rejects.toMatchObject({
      code: 'rejected/no-such-conversation',
    });
  });

  it('the server mirrors the host’s own groups: at first use, every 30 s in use, and on request; the last answer stays while the host is silent', async () => {
    let members: readonly GroupMember[] | Error = [{ userId: 'ann', role: 'admin' }, { userId: 'ben' }];
    let asked = 0;
    open({
      directory: {
        members: async () => {
          asked++;
          if (members instanceof Error) throw members;
          return members;
        },
      },
    });
    const [ann, ben] = [await phone('ann'), await phone('ben')];
    const send = async (who: Phone, id: string): Promise<string> => {
      who.news();
      await who.submit(groupMessage('crew', id));
      const [result] = who.news().flatMap((frame) => (frame.type === 'answer' ? frame.results : []));
      return result?.outcome === 'rejected' ? result.code : (result?.outcome ?? 'nothing');
    };
    expect(await send(ann, 'm1')).toBe('confirmed');
    expect(await send(ben, 'm2')).toBe('confirmed');
    expect(asked).toBe(1);
    members = [{ userId: 'ann' }];
    expect(await send(ben, 'm3')).toBe('confirmed');
    await clock.pass(30_000);
    expect(await send(ben, 'm4')).toBe('rejected/no-such-conversation');
    expect(asked).toBe(2);
    members = [{ userId: 'ann' }, { userId: 'ben' }];
    await server.membersChanged('crew');
    expect(await send(ben, 'm5')).toBe('confirmed');
    members = new Error('the host is silent');
    await clock.pass(30_000);
    expect(await send(ben, 'm6')).toBe('confirmed');
    await expect(server.addMember('crew', 'eve')).rejects.toMatchObject({ code: 'usage/invalid-option' });
    await ann.submit({ ...groupMessage('unseen', 'm7') });
    expect(ann.news().at(-1)).toMatchObject({ results: [{ outcome: 'retry' }] });
  });

  describe('a host whose directory answers nonsense', () => {
    const logged: string[] = [];
    beforeEach(() => void logged.splice(0));
    const log: Log = (level, event) => {
      if (level !== 'debug') logged.push(event);
    };
    const sendTwo = async (first: string, second: string): Promise<(string | undefined)[]> => {
      const ann = await phone('ann');
      await ann.submit({ ...groupMessage('x', 'a1'), conversationId: first }, { ...groupMessage('x', 'a2'), conversationId: second });
      return ann
        .news()
        .flatMap((frame) => (frame.type === 'answer' ? frame.results : []))
        .map((result) => (result.outcome === 'rejected' ? result.code : result.outcome));
    };

    it.each([
      ['nothing', undefined],
      ['text', 'ann'],
      ['an object', { ann: 'member' }],
    ])('for one group the directory answers %s: entries of this group wait, and all others go on (F123)', async (_what, answer) => {
      const members = (groupId: string): unknown => (groupId === 'odd' ? answer : [{ userId: 'ann' }, { userId: 'ben' }]);
      open({ directory: { members: members as () => GroupMember[] }, log });
      expect(await sendTwo('group:odd', 'group:crew')).toEqual(['retry', 'confirmed']);
      expect(logged).toEqual(['members-not-read']);
      const ann = await phone('ann');
      await ann.ask({ type: 'fetch', id: 7, wants: [{ conversationId: 'group:odd', seqs: [[1, 1]], limit: 1 }] });
      expect(ann.news()).toMatchObject([{ type: 'error', code: 'server/busy', id: 7 }]);
      expect(ann.socket.closedWith).toBeUndefined();
    });

    it('the directory answers one invalid member: this member is left out, and the group goes on (F123)', async () => {
      const members = (): unknown => [{ userId: 'ann' }, { userId: 'ben', role: 'king' }, { userId: 7 }, null, { userId: 'carl' }];
      open({ directory: { members: members as () => GroupMember[] }, log });
      expect(await sendTwo('group:crew', 'group:crew')).toEqual(['confirmed', 'confirmed']);
      expect(logged).toEqual(['member-left-out', 'member-left-out', 'member-left-out']);
    });

    it.each<[string, () => unknown]>([
      ['nothing', () => undefined],
      ['a number', () => 1],
      ['an error', () => Promise.reject(new Error('the host is silent'))],
    ])('for one peer the directory answers %s: the message to this peer waits, and all others go on (F123)', async (_what, answer) => {
      const mayMessage = (_from: string, to: string): unknown => (to === 'odd' ? answer() : true);
      open({ directory: { mayMessage: mayMessage as () => boolean }, log });
      expect(await sendTwo('direct:odd', 'direct:ben')).toEqual(['retry', 'confirmed']);
      expect(logged).toEqual(['may-message-failed']);
    });
  });
});
