/**
 * Random worlds of three people with four devices: messages, receipts, clears, cuts and restarts in any
 * order. After the network has healed, all devices agree with a plain model of the calls (I-14), and no count
 * was shown that was never true (I-15).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../../src/model/ids.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../src/testing/world.ts';
import { goOffline, goOnline, openTab, type WorldTab } from '../support/on-tab.ts';
import { overRandomWorlds } from './random-worlds.ts';

const PEOPLE = ['ann', 'ben', 'cat'] as const;
type Person = (typeof PEOPLE)[number];

type Step =
  | { do: 'say'; from: number; to: number; ask: boolean; count: boolean }
  | { do: 'ack' | 'read' | 'clear'; device: number; about: number }
  | { do: 'cut' | 'heal' | 'restart' | 'wait'; device: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('say' as const), from: fc.nat(3), to: fc.nat(2), ask: fc.boolean(), count: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('ack' as const, 'read' as const, 'clear' as const), device: fc.nat(3), about: fc.nat(2) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'heal' as const, 'restart' as const, 'wait' as const), device: fc.nat(3) }),
  },
);

/** A device for closing and opening again, on a network of its own. */
class Place {
  readonly device: VirtualDevice;
  tab!: WorldTab;
  seen: number[] = [];

  constructor(
    private readonly world: TestWorld,
    readonly who: Person,
    name: string,
  ) {
    this.device = world.device(who, `${who}-${name}`);
  }

  async open(): Promise<void> {
    this.tab = await openTab(this.world, this.device);
    this.tab.watch({ of: 'total-unread' }).subscribe((count) => this.seen.push(count));
  }

  chat(other: Person): ConversationId {
    return `direct:${other}`;
  }
}

/**
 * The effect of all calls, as plain sets of message ids. The server gives the seqs, so the model notes a
 * position as the ids below the position.
 */
class Meant {
  readonly messages: { id: string; from: Person; to: Person; ask: boolean; count: boolean }[] = [];
  readonly named = new Set<string>();
  /** By reader and peer: the highest seq with a receipt, and the highest cleared seq. */
  readonly read = new Map<string, number>();
  readonly position = new Map<string, number>();
}

/** Differences between the devices and the model. */
const differences = async (places: readonly Place[], meant: Meant): Promise<string[]> => {
  // A device need not store all messages of its user, but the devices of a user together do.
  const seqOf = new Map<string, number>();
  for (const place of places)
    for (const peer of PEOPLE)
      if (peer !== place.who)
        for (const { id, seq } of await place.tab.now({ of: 'messages', conversationId: place.chat(peer), limit: 200 }))
          if (seq !== null) seqOf.set(id, seq);

  const problems: string[] = [];
  for (const place of places) {
    let total = 0;
    for (const peer of PEOPLE.filter((name) => name !== place.who)) {
      const shown = await place.tab.now({ of: 'conversation', conversationId: place.chat(peer) });
      const between = meant.messages.filter(({ from, to }) => (from === place.who && to === peer) || (from === peer && to === place.who));
      const where = `${place.device.name} with ${peer}`;
      if ((shown?.latestSeq ?? 0) !== between.length) problems.push(`${where}: ${shown?.latestSeq ?? 0} messages, sent ${between.length}`);
      const held = await place.tab.until(
        { of: 'messages', conversationId: place.chat(peer), limit: 200 },
        (list) => list.filter(({ seq }) => seq !== null).length === between.length,
      );
      // The position is at least the cleared position, and never above the knowledge of the user's devices.
      const least = meant.position.get(`${place.who} ${peer}`) ?? 0;
      const position = shown?.readUpTo ?? 0;
      if (position < least) problems.push(`${where}: position ${position} below ${least}`);
      const unread = between.filter(({ id, from, count }) => from === peer && count && (seqOf.get(id) ?? Infinity) > position).length;
      if (shown && shown.unreadCount !== unread) problems.push(`${where}: shows ${shown.unreadCount}, counted ${unread}`);
      if (shown && !shown.exact) problems.push(`${where}: not exact`);
      total += unread;
      // Own messages have the receipts from the peers.
      const readByPeer = meant.read.get(`${peer} ${place.who}`) ?? 0;
      for (const { id, from, ask } of between) {
        if (from !== place.who) continue;
        const message = held.find((one) => one.id === id);
        const seq = seqOf.get(id) ?? Infinity;
        const isRead = ask && (meant.named.has(id) || seq <= readByPeer);
        if (isRead && message?.status !== 'read') problems.push(`${where}: ${id} is ${message?.status ?? 'missing'}, was read`);
        if (!ask && message?.status === 'read') problems.push(`${where}: ${id} shows read and never asked`);
        if (!isRead && message && message.status !== 'read' && message.status !== 'delivered')
          problems.push(`${where}: ${id} is ${message.status}`);
        const receipts = await place.tab.now({ of: 'receipts', messageId: id });
        if (meant.named.has(id) !== (receipts?.ackedAt !== null)) problems.push(`${where}: ${id} acked ${String(receipts?.ackedAt)}`);
        // I-7
        if (receipts && receipts.readAt !== null && (receipts.deliveredAt === null || receipts.deliveredAt > receipts.readAt))
          problems.push(`${where}: ${id} read before delivered`);
      }
    }
    const totalShown = await place.tab.now({ of: 'total-unread' });
    if (totalShown !== total) problems.push(`${place.device.name}: total ${totalShown}, counted ${total}`);
    if (place.seen.some((count) => count < 0 || count > meant.messages.length)) problems.push(`impossible counts ${place.seen.join()}`);
  }
  return problems;
};

const run = async (steps: readonly Step[]): Promise<void> => {
  // Other steps also give other delays and another order of events.
  const world = createTestWorld({ seed: JSON.stringify(steps) });
  const places = [
    new Place(world, 'ann', 'phone'),
    new Place(world, 'ann', 'laptop'),
    new Place(world, 'ben', 'phone'),
    new Place(world, 'cat', 'phone'),
  ];
  const meant = new Meant();
  for (const place of places) await place.open();
  // A device without a first sync shows nothing yet.
  for (const place of places) await place.tab.live();
  const other = (who: Person, n: number): Person => PEOPLE.filter((name) => name !== who)[n % 2]!;
  const raise = (map: Map<string, number>, key: string, to: number): void => void map.set(key, Math.max(map.get(key) ?? 0, to));

  for (const one of steps) {
    if (one.do === 'say') {
      const place = places[one.from]!;
      const to = other(place.who, one.to);
      const { id } = await place.tab.say(to, 'text', { requestReceipt: one.ask, countable: one.count });
      meant.messages.push({ id, from: place.who, to, ask: one.ask, count: one.count });
      continue;
    }
    const place = places[one.device]!;
    switch (one.do) {
      case 'cut':
        goOffline(place.device);
        break;
      case 'heal':
        goOnline(place.device);
        break;
      case 'wait':
        await world.pass(75);
        break;
      case 'restart':
        void place.tab.tab.close();
        await place.open();
        break;
      default: {
        const peer = other(place.who, one.about);
        const chat = place.chat(peer);
        const key = `${place.who} ${peer}`;
        const held = await place.tab.now({ of: 'messages', conversationId: chat, limit: 200 });
        const latest = (await place.tab.now({ of: 'conversation', conversationId: chat }))?.latestSeq ?? 0;
        if (one.do === 'ack') {
          const ids = held.filter(({ senderId, seq }) => senderId === peer && seq !== null).map(({ id }) => id);
          for (const id of (await place.tab.do('sendReadReceipts', chat, ids)).queued) meant.named.add(id);
        } else if (one.do === 'read') {
          // The call may also cover messages between this read and the call, so the model notes only the
          // earlier messages.
          const before = held.filter(({ senderId }) => senderId === peer).reduce((seq, message) => Math.max(seq, message.seq ?? 0), 0);
          await place.tab.do('sendConversationReadReceipt', chat, {});
          raise(meant.read, key, before);
          raise(meant.position, key, latest);
        } else {
          await place.tab.do('clearConversationUnreadCount', chat);
          raise(meant.position, key, latest);
        }
      }
    }
  }

  // The network heals, and all devices catch up.
  for (const place of places) goOnline(place.device);
  for (const place of places) await place.tab.ask('flush', 20_000);
  const deadline = world.time.now + 20_000;
  for (;;) {
    const [pending, connected] = [
      await Promise.all(places.map(({ tab }) => tab.now({ of: 'outbox' }))),
      await Promise.all(places.map(({ tab }) => tab.now({ of: 'connection' }))),
    ];
    if (pending.every(({ pending: count }) => count === 0) && connected.every(({ state }) => state === 'live')) break;
    if (world.time.now > deadline) throw new Error(`not quiet: ${JSON.stringify({ pending, connected })}`);
    for (const place of places) void place.tab.tab.ask('flush', 10);
    await world.pass(20);
  }
  // No entry is pending, but changes may still be on their way.
  let problems = await differences(places, meant);
  while (problems.length > 0 && world.time.now < deadline) {
    await world.pass(60);
    problems = await differences(places, meant);
  }
  expect(problems).toEqual([]);
};

describe('I-14: direct chats in random worlds', () => {
  it('in random worlds of direct chats, all devices agree in the end', { timeout: 120_000 }, async () => {
    await overRandomWorlds(step, 40, run);
  });
});
