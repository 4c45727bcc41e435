/**
 * Random worlds of a group of four people with five devices. Members join, leave and come back, while
 * messages, receipts, clears, cuts and restarts happen in any order. In the end every count equals the count
 * from a plain log of the calls (I-14).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../src/model/outbox-entry.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../src/testing/world.ts';
import { goOffline, goOnline, openTab, type WorldTab } from '../support/on-tab.ts';
import { overRandomWorlds } from './random-worlds.ts';

const CREW = 'group:crew';
const PEOPLE = ['ann', 'ben', 'cat', 'dan'] as const;
type Person = (typeof PEOPLE)[number];
/** Ann has two devices. */
const DEVICES = PEOPLE.length + 1;

type Step =
  | { do: 'say'; device: number; ask: boolean; count: boolean }
  | { do: 'ack'; device: number; say: boolean }
  | { do: 'view' | 'clear' | 'cut' | 'heal' | 'restart' | 'wait'; device: number }
  | { do: 'join'; who: number }
  | { do: 'leave'; who: number };

const device = fc.nat(DEVICES - 1);
const who = fc.integer({ min: 1, max: PEOPLE.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('say' as const), device, ask: fc.boolean(), count: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const), device, say: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('view' as const, 'clear' as const), device }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), who }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'heal' as const, 'restart' as const, 'wait' as const), device }),
  },
);

class Place {
  readonly device: VirtualDevice;
  tab!: WorldTab;
  seen: number[] = [];

  constructor(
    private readonly world: TestWorld,
    readonly who: Person,
    readonly name: string,
  ) {
    this.device = world.device(who, `${who}-${name}`);
  }

  async open(): Promise<void> {
    this.tab = await openTab(this.world, this.device);
    this.tab.watch({ of: 'total-unread' }).subscribe((count) => this.seen.push(count));
  }

  held() {
    return this.tab.now({ of: 'messages', conversationId: CREW, limit: 500 });
  }

  refused(): Promise<readonly DeadLetter[]> {
    return this.tab.now({ of: 'dead-letters' });
  }
}

/** The intervals of seqs in which each person was a member. */
class Membership {
  private readonly stays = new Map<Person, { from: number; upTo: number }[]>(PEOPLE.map((who) => [who, [{ from: 1, upTo: Infinity }]]));

  constructor(private readonly world: TestWorld) {}

  isIn(who: Person): boolean {
    return this.stays.get(who)!.at(-1)!.upTo === Infinity;
  }

  wasIn(who: Person, seq: number): boolean {
    return this.stays.get(who)!.some(({ from, upTo }) => from <= seq && seq <= upTo);
  }

  /** The first seq of the newest membership. */
  since(who: Person): number {
    return this.stays.get(who)!.at(-1)!.from;
  }

  /** The seq at which the store ended the last membership. */
  private head(who: Person): number {
    return this.world.server.dump().members.find(({ userId }) => userId === who)!.joinedAt;
  }

  async join(who: Person): Promise<void> {
    if (this.isIn(who)) return;
    await this.world.until(this.world.server.host.addMember('crew', who));
    this.stays.get(who)!.push({ from: this.head(who) + 1, upTo: Infinity });
  }

  async leave(who: Person): Promise<void> {
    if (!this.isIn(who)) return;
    await this.world.until(this.world.server.host.removeMember('crew', who));
    this.stays.get(who)!.at(-1)!.upTo = this.head(who);
  }
}

const comeTogether = async (world: TestWorld, places: readonly Place[]): Promise<void> => {
  for (const place of places) goOnline(place.device);
  const deadline = world.time.now + 20_000;
  for (;;) {
    const pending = await Promise.all(places.map(({ tab }) => tab.now({ of: 'outbox' })));
    const connected = await Promise.all(places.map(({ tab }) => tab.now({ of: 'connection' })));
    if (pending.every(({ pending: count }) => count === 0) && connected.every(({ state }) => state === 'live')) break;
    if (world.time.now > deadline) throw new Error(`not quiet: ${JSON.stringify({ pending, connected })}`);
    for (const place of places) void place.tab.tab.ask('flush', 10);
    await world.pass(20);
  }
};

/** All messages and calls, and the memberships. */
interface World {
  readonly places: readonly Place[];
  readonly membership: Membership;
  readonly said: ReadonlyMap<string, { from: Person; ask: boolean; count: boolean }>;
  /** By reader: the messages for which the reader queued a receipt. */
  readonly meant: ReadonlyMap<Person, ReadonlySet<string>>;
  /** By reader: the minimum seq of the position. */
  readonly least: ReadonlyMap<Person, number>;
}

/** Differences between the devices and the log. */
const differences = async ({ places, membership, said, meant, least }: World): Promise<string[]> => {
  const problems: string[] = [];
  // Ann never leaves: her device stores all messages.
  const ann = places[0]!;
  const { latestSeq = 0 } = (await ann.tab.now({ of: 'conversation', conversationId: CREW })) ?? {};
  const log = await ann.tab.until(
    { of: 'messages', conversationId: CREW, limit: 500 },
    (list) => list.filter(({ seq }) => seq !== null).length === latestSeq,
  );
  const refused = new Map<Person, DeadLetter[]>();
  for (const place of places) refused.set(place.who, [...(refused.get(place.who) ?? []), ...(await place.refused())]);
  for (const [id, { from }] of said)
    if (!log.some((message) => message.id === id) && !refused.get(from)!.some(({ messageIds }) => messageIds.includes(id)))
      problems.push(`${id} is neither there nor refused`);
  for (const [who, letters] of refused)
    for (const { code } of letters) if (code !== 'rejected/no-such-conversation') problems.push(`${who}: ${code}`);

  for (const place of places) {
    const { who, tab } = place;
    const where = `${who}/${place.name}`;
    const shown = await tab.now({ of: 'conversation', conversationId: CREW });
    const position = shown?.readUpTo ?? 0;
    const here = membership.isIn(who);
    if (here && (shown?.latestSeq ?? 0) !== latestSeq) problems.push(`${where}: latest ${shown?.latestSeq ?? 0}, is ${latestSeq}`);
    const unread = !here
      ? 0
      : log.filter(({ seq, senderId, countable }) => senderId !== who && countable && seq! > Math.max(position, membership.since(who) - 1))
          .length;
    if ((shown?.unreadCount ?? 0) !== unread) problems.push(`${where}: shows ${shown?.unreadCount ?? 0}, counted ${unread}`);
    if (here && refused.get(who)!.length === 0 && position < (least.get(who) ?? 0))
      problems.push(`${where}: position ${position} below ${least.get(who)!}`);
    if (place.seen.some((count) => count < 0 || count > said.size)) problems.push(`${where}: impossible counts ${place.seen.join()}`);
    if (!here) continue;

    for (const { id, seq, senderId, receiptRequested } of log) {
      if (senderId !== who || !receiptRequested) continue;
      const receipts = await tab.now({ of: 'receipts', messageId: id });
      // Ann's other device may not store the message.
      if (!receipts) continue;
      const counted = PEOPLE.filter((member) => member !== who && membership.wasIn(member, seq!));
      const list = async (filter: 'read' | 'unread') => {
        const { members } = await tab.ask('fetchReadMembers', id, { filter, cursor: null, limit: 100 });
        return members.map(({ userId }) => userId as Person);
      };
      const [read, rest] = [await list('read'), await list('unread')];
      if ([...read, ...rest].sort().join() !== [...counted].sort().join())
        problems.push(`${where}: ${id} listed ${read.join()} and ${rest.join()}, members were ${counted.join()}`);
      for (const reader of read) if (!meant.get(reader)!.has(id)) problems.push(`${where}: ${id} read by ${reader}, who never meant to`);
      for (const reader of counted)
        if (meant.get(reader)!.has(id) && !read.includes(reader) && refused.get(reader)!.length === 0)
          problems.push(`${where}: ${id} misses ${reader}`);
      if (receipts.readCount !== read.length || receipts.unreadCount !== rest.length)
        problems.push(
          `${where}: ${id} shows ${receipts.readCount} and ${receipts.unreadCount}, lists say ${read.length} and ${rest.length}`,
        );
      const done = read.length > 0 && rest.length === 0;
      const state = counted.length === 0 ? receipts.state : done ? 'done' : 'processing';
      if (receipts.state !== state) problems.push(`${where}: ${id} is ${receipts.state}, should be ${state}`);
    }
  }
  return problems;
};

const run = async (steps: readonly Step[]): Promise<void> => {
  // Other steps also give other delays and another order of events.
  const world = createTestWorld({ seed: JSON.stringify(steps) });
  await world.until(world.server.host.createGroup({ groupId: 'crew', members: PEOPLE.map((userId) => ({ userId })) }));
  const membership = new Membership(world);
  const places = [...PEOPLE.map((who) => new Place(world, who, 'phone')), new Place(world, 'ann', 'laptop')];
  for (const place of places) await place.open();
  // A device without a first sync shows nothing yet.
  for (const place of places) await place.tab.live();
  const said = new Map<string, { from: Person; ask: boolean; count: boolean }>();
  const meant = new Map<Person, Set<string>>(PEOPLE.map((who) => [who, new Set()]));
  const least = new Map<Person, number>();
  const problems: string[] = [];

  for (const one of steps) {
    if (one.do === 'join' || one.do === 'leave') {
      await membership[one.do](PEOPLE[one.who]!);
      continue;
    }
    const place = places[one.device]!;
    const { tab, who } = place;
    switch (one.do) {
      case 'say': {
        const more = { requestReceipt: one.ask, countable: one.count };
        const { id } = await tab.do('sendMessage', CREW, { body: '"text"', ...more });
        said.set(id, { from: who, ask: one.ask, count: one.count });
        break;
      }
      case 'ack': {
        const ids = (await place.held()).flatMap(({ id, seq }) => (seq === null ? [] : [id]));
        const { queued, skipped } = await tab.do('sendReadReceipts', CREW, ids, one.say ? { content: `from ${who}` } : {});
        for (const id of queued) meant.get(who)!.add(id);
        for (const { id, reason } of skipped)
          if (reason === 'already-acked' && !meant.get(who)!.has(id)) problems.push(`${who}: ${id} was never acked`);
        break;
      }
      case 'view':
      case 'clear': {
        const latest = (await tab.now({ of: 'conversation', conversationId: CREW }))?.latestSeq ?? 0;
        const asking = await place.held();
        await (one.do === 'view' ? tab.do('readGroup', CREW) : tab.do('clearConversationUnreadCount', CREW));
        least.set(who, Math.max(least.get(who) ?? 0, latest));
        if (one.do === 'view')
          for (const { id, seq, senderId, receiptRequested } of asking)
            if (seq !== null && senderId !== who && receiptRequested && membership.wasIn(who, seq)) meant.get(who)!.add(id);
        break;
      }
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
        void tab.tab.close();
        await place.open();
    }
  }

  await comeTogether(world, places);
  // No entry is pending, but changes may still be on their way: the server joins receipts of a quarter of a
  // second.
  const deadline = world.time.now + 10_000;
  for (;;) {
    const found = await differences({ places, membership, said, meant, least });
    if (found.length === 0 || world.time.now > deadline) {
      problems.push(...found);
      break;
    }
    await world.pass(60);
  }
  expect(problems).toEqual([]);
};

describe('I-14: groups in random worlds', () => {
  it('in random worlds of a group, all devices agree in the end', { timeout: 120_000 }, async () => {
    await overRandomWorlds(step, 25, run);
  });
});
