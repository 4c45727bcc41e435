import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstUnread } from '../../../src/engine/queries/load-messages.ts';
import { ConversationState } from '../../../src/engine/state/conversation-state.ts';
import { emptyRow } from '../../../src/model/conversation.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

const CREW = 'group:crew';

describe('loadMessages at the edges of what a user may see', () => {
  const open: TestTab[] = [];
  let server: ReceiptServer;
  let net: LoopbackNet;
  let alice: TestTab;
  const publish = (id: string) => server.publish({ from: 'bob', to: { group: 'crew' }, body: id, id });
  /** The server stores 30 messages before alice joins and 30 messages afterwards. */
  beforeEach(async () => {
    server = createReceiptServer({
      store: createMemoryStore(),
      policy: { receipts: { groups: true }, limits: { fetchMessages: 8 } },
      authenticate: (token) => Promise.resolve({ userId: token.slice(9) }),
    });
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'bob' }] });
    for (let i = 1; i <= 30; i++) await publish(`m${i}`);
    await server.addMember('crew', 'alice');
    for (let i = 31; i <= 60; i++) await publish(`m${i}`);
    net = new LoopbackNet(server);
    alice = await new TestDevice('alice', net).open();
    open.push(alice);
    await alice.live();
  }, 60_000);
  afterEach(async () => {
    for (const tab of open.splice(0)) tab.close();
    await server.close();
  });
  const load = async (wanted: object) => {
    const { messages, complete } = await alice.ask('loadMessages', CREW, wanted as never);
    return { seqs: messages.map(({ seq }) => seq), complete };
  };
  const seqs = (from: number, upTo: number): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);

  it('a point above the newest message or below the join leads to the messages next to it', async () => {
    expect(await load({ before: 9_999, limit: 4 })).toEqual({ seqs: seqs(57, 60), complete: false });
    expect(await load({ after: 2, limit: 4 })).toEqual({ seqs: seqs(31, 34), complete: false });
    expect(await load({ after: 9_999, limit: 4 })).toEqual({ seqs: [], complete: true });
    expect(await load({ before: 5, limit: 4 })).toEqual({ seqs: [], complete: true });
  });

  it('a window larger than the answers of the server arrives whole', async () => {
    expect(await load({ around: 45, limit: 20 })).toEqual({ seqs: seqs(36, 55), complete: false });
    const older = await alice.ask('loadOlderMessages', CREW, 30);
    expect(older.messages.map(({ seq }) => seq)).toEqual(seqs(31, 60));
  });

  it('after the user left, the stored messages are the answer', async () => {
    await load({ around: 50, limit: 5 });
    await server.removeMember('crew', 'alice');
    await alice.until({ of: 'unread', conversationId: CREW }, (count) => count === 0, 20_000);
    expect(await load({ around: 50, limit: 5 })).toMatchObject({ seqs: seqs(48, 52) });
    expect(await load({ before: 'm50', limit: 5 })).toMatchObject({ seqs: [48, 49] });
  });

  it('an id from before the join is unknown, and its message is not stored', async () => {
    await expect(load({ around: 'm5', limit: 4 })).rejects.toMatchObject({ code: 'usage/unknown-message' });
    expect(await alice.ask('findMessage', 'm5')).toBeNull();
  });

  it('a message that the device learns of by its id alone is in the window, and makes its event', async () => {
    // The feed is not there yet, as after a click on a notification: questions go over HTTP.
    alice.close();
    const device = new TestDevice('alice', net, 'tablet');
    const tablet = await device.open();
    open.push(tablet);
    await tablet.live();
    net.cut();
    await tablet.until({ of: 'connection' }, ({ state }) => state !== 'live');
    await publish('m61');
    await publish('m62');
    const request = net.request.bind(net);
    const connect = net.connect.bind(net);
    // HTTP answers before the connection is back.
    net.connect = (handlers) => {
      net.cut();
      const link = connect(handlers);
      net.heal();
      return link;
    };
    net.request = (frames, ...more) =>
      frames.some(({ type }) => type === 'pull') ? Promise.reject(new Error('no feed')) : request(frames, ...more);
    net.heal();
    const { messages } = await tablet.ask('loadMessages', CREW, { around: 'm62', limit: 3 });
    expect(messages.map(({ id }) => id)).toEqual(['m60', 'm61', 'm62']);
    net.connect = connect;
    net.request = request;
    const told: string[] = [];
    tablet.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'message') told.push(event.message.id);
    });
    await tablet.live();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told.sort()).toEqual(['m61', 'm62']);
  }, 60_000);
});

it('the first unread message is exact where the row carries ranges, and the first above the position where it carries a number', () => {
  const counted = { at: 0, upTo: 10, count: 3 };
  const row = { ...emptyRow(CREW), version: 1, latestSeq: 20, counted, uncounted: [[13, 14]] as const };
  expect(firstUnread(new ConversationState(CREW, { ...row, readUpTo: 12 }))).toBe(15);
  expect(firstUnread(new ConversationState(CREW, { ...row, readUpTo: 4 }))).toBe(5);
});
