/** Frozen and thawed tabs on a common store: a thawed tab may act as the leader for a moment. */
import { describe, expect, it } from 'vitest';
import type { BusHint, Ports } from '../../../src/ports/ports.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { LOG_HEADER_KEY, type LogHeader } from '../../../src/log/tables.ts';
import type { ClientFrame } from '../../../src/protocol/frames.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { VirtualNetwork } from '../../../src/testing/virtual-network.ts';
import type { VirtualTab } from '../../../src/testing/virtual-tab.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { framesOf, goOffline, goOnline, openDevice, openTab, reach, WorldTab } from '../../support/on-tab.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A tab with a network of its own. */
class Tab extends WorldTab {
  leads = false;
  state = '';
  /** Number of times this tab became the leader. */
  turns = 0;

  constructor(
    world: TestWorld,
    tab: VirtualTab,
    readonly network: VirtualNetwork,
    private readonly texts: readonly string[],
  ) {
    super(world, tab);
    this.watch({ of: 'connection' }).subscribe(({ leader, state }) => {
      if (leader && !this.leads) this.turns++;
      this.leads = leader;
      this.state = state;
    });
  }

  /** The frames of this type sent by the tab over WebSockets. */
  sent<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
    return framesOf(type, this.texts);
  }

  freeze(): void {
    this.tab.freeze();
  }

  /** Runs the calls from the frozen time of the tab, without an event of the page. */
  thaw(): void {
    this.tab.process.thaw();
  }
}

interface TabOptions {
  readonly ports?: (ports: Ports) => Partial<Ports>;
  /** Called with every outgoing WebSocket frame of the tab. */
  readonly onSent?: (text: string) => void;
}

const createWorld = ({ entries = 100 } = {}) => {
  const world = createTestWorld({ policy: { limits: { entries } } });
  /** The time at which each token was issued. A token is valid for an hour. */
  const issuedAt = new Map<string, number>();
  const addDevice = (userId: string): VirtualDevice =>
    world.device(userId, userId, async () => {
      const token = world.server.token(userId, world.time.now + HOUR_MS);
      issuedAt.set(token, world.time.now);
      return token;
    });
  const alice = addDevice('alice');
  let networks = 0;
  const openOn = async (device: VirtualDevice, { ports: change = () => ({}), onSent }: TabOptions): Promise<Tab> => {
    const network = new VirtualNetwork(world.server, world.random.fork(`network ${++networks}`));
    const texts: string[] = [];
    network.leaves = (_, text) => {
      if (!text.startsWith('{')) return;
      texts.push(text);
      onSent?.(text);
    };
    device.changePorts = (ports, process) => {
      const own = { ...ports, net: network.port(process) };
      return { ...own, ...change(own) };
    };
    return new Tab(world, await world.open(device), network, texts);
  };
  return {
    world,
    alice,
    issuedAt,
    tab: (options: TabOptions = {}) => openOn(alice, options),
    bob: () => openOn(addDevice('bob'), {}),
    until: (what: string, holds: () => boolean, withinMs: number) => reach(world, what, holds, withinMs),
    pass: (ms: number) => world.pass(ms),
    /** The machine sleeps. Timers that become due in the meantime are late. */
    sleep: (ms: number) => void (world.time.now += ms),
    header: () => alice.disk.get('meta', LOG_HEADER_KEY) as LogHeader,
  };
};

describe('a leader tab that freezes', () => {
  it('a frozen leader tab is replaced within 5 s by one visible tab, and follows when it thaws (F30)', async () => {
    const { tab, until, pass } = createWorld();
    const [a, b, c, d] = [await tab(), await tab(), await tab(), await tab()];
    await until('a to be live', () => a.leads && a.state === 'live', 1000);
    a.freeze();
    await pass(700);
    const others = [b, c, d];
    const ms = await until('another leader', () => others.some(({ leads }) => leads), 5000);
    expect(ms + 700).toBeLessThan(5000);
    await pass(20_000);
    a.thaw();
    await pass(20_000);
    // No tab takes the lead from an answering tab.
    expect(others.reduce((sum, { turns }) => sum + turns, 0)).toBe(1);
    expect(a.turns).toBe(1);
    expect([a, ...others].filter(({ leads }) => leads)).toHaveLength(1);
    expect(a.leads).toBe(false);
    // The thawed tab waits in the queue of the lock like the others.
    for (const other of others) await other.close();
    await until('the tab to become the leader', () => a.leads, 100);
  });

  it('flush in a follower tab succeeds although the leader tab is frozen (F30)', async () => {
    const { tab, until } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    a.freeze();
    await b.say('bob', 'from the follower');
    let result: unknown;
    void b.tab.ask('flush', 10_000).then((value) => (result = value));
    await until('the flush to end', () => result !== undefined, 4000);
    expect(result).toEqual({ sent: 1, pending: 0, rejected: 0 });
  });

  it('a replaced leader tab writes nothing after its thaw, although frames arrived before the freeze (I-19, F31)', async () => {
    const { tab, until, bob, header, pass } = createWorld();
    const his = await bob();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    // The new leader has a fencing token and no network: the store is unchanged since the freeze.
    goOffline(b);
    a.freeze();
    await his.say('alice', 'heard by the frozen one alone');
    await until('another leader', () => b.leads, 5000);
    await pass(500);
    const before = header();
    a.thaw();
    await pass(500);
    expect(header()).toEqual(before);
    expect(await a.now({ of: 'total-unread' })).toBe(0);
    expect([a.leads, b.leads]).toEqual([false, true]);
    goOnline(b);
    await until('the message', () => header().version > before.version, 20_000);
    await a.until({ of: 'total-unread' }, (count) => count === 1, 100);
  });

  it('an entry sent by the frozen leader and again by the next leader takes effect once (F31)', async () => {
    const { tab, until, bob, pass } = createWorld();
    const his = await bob();
    let freezes = false;
    const onSent = (text: string): void => {
      if (freezes && text.includes('"type":"submit"')) a.freeze();
    };
    const a: Tab = await tab({ onSent });
    const b = await tab();
    await until('a to be live', () => a.state === 'live', 1000);
    await his.say('alice', 'one');
    await a.until({ of: 'total-unread' }, (count) => count === 1);
    await a.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    freezes = true;
    const before = a.sent('submit').length;
    const receiptsSent: unknown[] = [];
    his.watch({ of: 'events' }).subscribe(({ event }) => receiptsSent.push(event.type));
    void a.tab.do('sendMessage', 'direct:bob', { body: JSON.stringify('said twice, heard once') });
    void a.tab.do('sendConversationReadReceipt', 'direct:bob', {});
    await until('the entry to be sent', () => a.sent('submit').length > before, 1000);
    await until('another leader', () => b.leads && b.state === 'live', 5000);
    await until('the answer', () => b.sent('submit').length > 0, 1000);
    a.thaw();
    await b.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await pass(100);
    expect(receiptsSent.filter((type) => type === 'message')).toHaveLength(1);
    expect(receiptsSent.filter((type) => type === 'conversationRead')).toHaveLength(1);
    expect(await his.now({ of: 'total-unread' })).toBe(1);
  });

  it('hidden tabs replace a frozen leader within 65 s, and do not replace an answering leader (F30)', async () => {
    const { tab, until, pass } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    b.tab.life('hidden');
    await pass(MINUTE_MS + 5000);
    expect(b.turns).toBe(0);
    a.freeze();
    await until('the hidden tab to lead', () => b.leads, 65_000);
  });
});

describe('a tab after its own freeze', () => {
  it('a thawed tab asks again before it takes the lead from a living leader (F39)', async () => {
    const { tab, until, pass, sleep } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    await pass(5000);
    for (const ms of [1600, 5000, HOUR_MS]) {
      b.freeze();
      await pass(Math.min(ms, 5000));
      if (ms === HOUR_MS) sleep(ms);
      // The tab's timer is due, and fires before the tab reads any hint from its frozen time.
      b.thaw();
      await pass(5000);
    }
    expect(b.turns).toBe(0);
  });

  it('after two tabs slept, the first awake tab asks again, although the leader wakes a moment later (F39)', async () => {
    const { tab, until, pass, sleep } = createWorld();
    let asks = 0;
    const a = await tab();
    const post = (bus: Ports['bus'], hint: BusHint): void => {
      if (hint.type === 'status?') asks++;
      bus.post(hint);
    };
    const b = await tab({ ports: ({ bus }) => ({ bus: { ...bus, post: (hint) => post(bus, hint) } }) });
    await until('a to be live', () => a.state === 'live', 1000);
    await pass(5000);
    a.freeze();
    const before = asks;
    await until('a second question without an answer', () => asks === before + 2, 4000);
    b.freeze();
    sleep(HOUR_MS);
    await pass(100);
    b.thaw();
    await pass(800);
    a.thaw();
    await pass(5000);
    expect([a.turns, b.turns, a.leads]).toEqual([1, 0, true]);
  });

  it('a tab with timers clamped to a minute deposes no live leader, and still replaces a frozen one (F39)', async () => {
    const { tab, until, pass } = createWorld();
    const a = await tab();
    await until('a to be live', () => a.state === 'live', 1000);
    const clamped = ({ clock }: Ports): Partial<Ports> => ({
      clock: { ...clock, timer: (ms, fn) => clock.timer(Math.ceil((clock.mono() + ms) / MINUTE_MS) * MINUTE_MS - clock.mono(), fn) },
    });
    const b = await tab({ ports: clamped });
    b.tab.life('hidden');
    await pass(3 * MINUTE_MS);
    expect(b.turns).toBe(0);
    a.freeze();
    await until('the clamped tab to lead', () => b.leads, 6 * MINUTE_MS);
  });
});

describe('a page that the user leaves for a while', () => {
  it('a parked tab gives the lead to the next tab at once, and joins the queue after its return (F34)', async () => {
    const { tab, until } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    a.tab.life('parked');
    await until('the other tab to lead', () => b.leads, 100);
    a.tab.life('resumed');
    await until('the status', () => a.state === 'live', 1000);
    expect([a.leads, b.leads]).toEqual([false, true]);
    await b.close();
    await until('the tab to become the leader', () => a.leads, 100);
  });

  it('a tab shows the clear of another tab, although every hint was lost (F23)', async () => {
    const { tab, until, bob, pass } = createWorld();
    const his = await bob();
    const lost: { lost: boolean } = { lost: false };
    // The hints of the leader watch arrive: without them, the other tab would take the lead.
    const isNews = ({ type }: BusHint): boolean => type === 'changed' || type === 'nudge';
    const losing = ({ bus }: Ports): Partial<Ports> => ({
      bus: { ...bus, listen: (fn) => bus.listen((hint) => (isNews(hint) && lost.lost ? undefined : fn(hint))) },
    });
    const [a, b] = [await tab({ ports: losing }), await tab({ ports: losing })];
    await until('a to be live', () => a.state === 'live', 1000);
    await his.say('alice', 'one');
    let shown = -1;
    b.watch({ of: 'total-unread' }).subscribe((count) => (shown = count));
    await until('the badge', () => shown === 1, 1000);
    lost.lost = true;
    await a.do('clearConversationUnreadCount', 'direct:bob');
    await pass(100);
    expect(shown).toBe(1);
    b.tab.life('resumed');
    await until('the badge', () => shown === 0, 100);
    // Without a wake-up of the tab, the change shows within 10 s. The leader also looks, and sends entries
    // without a hint.
    await b.say('bob', 'unheard');
    let heard = 0;
    his.watch({ of: 'total-unread' }).subscribe((count) => (heard = count));
    expect(heard).toBe(0);
    await until('the message to arrive', () => heard === 1, 11_000);
  });

  it('a tab hears each event, although every hint was lost, another tab has heard the event, and the log was compacted (F23)', async () => {
    const { tab, until, bob, pass } = createWorld();
    const his = await bob();
    const withoutHints = ({ bus }: Ports): Partial<Ports> => ({
      bus: { ...bus, listen: (fn) => bus.listen((hint) => (hint.type === 'changed' ? undefined : fn(hint))) },
      fault: (point) => point === 'compaction:due',
    });
    const [a, b] = [await tab({ ports: withoutHints }), await tab({ ports: withoutHints })];
    await until('a to be live', () => a.state === 'live', 1000);
    const [heardByA, heardByB] = [a, b].map((one) => {
      const bodies: unknown[] = [];
      one.watch({ of: 'events' }).subscribe(({ event }) => event.type === 'message' && bodies.push(event.message.body));
      return bodies;
    });
    await his.say('alice', 'one');
    await his.say('alice', 'two');
    await pass(1000);
    expect([heardByA, heardByB]).toEqual([['one', 'two'], []]);
    await pass(10_000);
    expect(heardByB).toEqual(['one', 'two']);
  });
});

describe('tabs without Web Locks', () => {
  it('without Web Locks a single tab leads undisputed, and after any end of this tab another tab leads within 5 s (F33)', async () => {
    const { tab, until, pass, alice } = createWorld();
    alice.locks.areMissing = true;
    const tabs = [await tab(), await tab(), await tab()];
    const leader = (): Tab | undefined => tabs.find(({ leads }) => leads);
    await until('a leader', () => leader() !== undefined, 1000);
    await pass(20_000);
    expect(tabs.filter(({ leads }) => leads)).toHaveLength(1);
    expect(tabs.reduce((sum, { turns }) => sum + turns, 0)).toBeLessThanOrEqual(2);

    const first = leader()!;
    first.freeze();
    const rest = tabs.filter((one) => one !== first);
    await until('the next leader', () => rest.some(({ leads }) => leads), 5000);
    first.thaw();
    await pass(10_000);
    expect(tabs.filter(({ leads }) => leads)).toHaveLength(1);
    const second = leader()!;
    expect(second).not.toBe(first);
    await second.close();
    await until('the last leader', () => tabs.some((one) => one !== second && one.leads && one.state === 'live'), 1000);
  });

  it('of two tabs without hints between them, the older one stops, and every entry takes effect once (F32, F33)', async () => {
    const { tab, until, bob, alice, pass } = createWorld();
    alice.locks.areMissing = true;
    const his = await bob();
    const receiptsSent: string[] = [];
    his.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'message' || event.type === 'read') receiptsSent.push(event.type);
    });
    const mute = (): Partial<Ports> => ({ bus: { missing: true, post: () => undefined, listen: () => () => undefined } });
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push((await his.say('alice', `${n}`)).id);
    const [a, b] = [await tab({ ports: mute }), await tab({ ports: mute })];
    await until('both tabs to lead', () => a.turns + b.turns === 2, 1000);
    for (let n = 0; n < 10; n++) {
      const one = n % 2 === 0 ? a : b;
      one.tab.life('visible');
      await pass(100);
      await one.do('sendReadReceipts', 'direct:bob', [ids[n]!], {});
      await one.say('bob', `${n}`);
      void one.tab.ask('flush', 1000);
    }
    await pass(2000);
    expect(await his.now({ of: 'total-unread' })).toBe(10);
    expect(receiptsSent.filter((type) => type === 'message')).toHaveLength(10);
    expect((await b.now({ of: 'outbox' })).pending).toBe(0);
    expect([a, b].filter(({ leads }) => leads)).toHaveLength(1);
    // The tab with the last fencing token leads, and the other tab accepts this.
    expect(b.leads).toBe(true);
  });
});

describe('time', () => {
  it('after 8 h of sleep, a tab opens one connection and pulls once with a fresh token, for any jump of the wall clock (F54)', async () => {
    for (const [wallMs, dies] of [
      [0, 'silently'],
      [10 * 365 * 24 * HOUR_MS, 'with an event'],
      [-10 * 365 * 24 * HOUR_MS, 'silently'],
    ] as const) {
      const { tab, until, alice, issuedAt, pass, sleep } = createWorld();
      const a = await tab();
      await until('a to be live', () => a.state === 'live', 1000);
      const [hellos, pulls] = [a.sent('hello').length, a.sent('pull').length];
      a.freeze();
      a.network.cut(dies === 'silently');
      // The socket has died: the tab gets no close event, or gets the event at the wake-up, before its timers ring.
      if (dies === 'silently') sleep(8 * HOUR_MS);
      else await pass(8 * HOUR_MS);
      alice.skewMs += wallMs;
      a.thaw();
      for (const event of ['resumed', 'visible', 'online', 'online'] as const) a.tab.life(event);
      await until('a to be live again', () => a.sent('hello').length > hellos && a.state === 'live', 10_000);
      await pass(20_000);
      expect(a.sent('hello').length - hellos).toBe(1);
      expect(a.sent('pull').length - pulls).toBe(1);
      expect(issuedAt.get(a.sent('hello').at(-1)!.token)).toBeGreaterThanOrEqual(8 * HOUR_MS);
      expect(a.leads).toBe(true);
    }
  });
});

it('a tab ignores the browser’s reports about the network: `online` and `offline` events may both be wrong (F52)', async () => {
  const { tab, until, bob, pass } = createWorld();
  const his = await bob();
  const a = await tab();
  await until('a to be live', () => a.state === 'live', 1000);
  a.tab.life('offline');
  await a.say('bob', 'sent all the same');
  await until('the message to arrive', () => a.sent('submit').length === 1, 1000);
  goOffline(a);
  await until('the offline state', () => a.state === 'offline', 1000);
  for (let n = 0; n < 20; n++) {
    a.tab.life('online');
    await pass(500);
  }
  expect(a.state).not.toBe('live');
  // The network heals without an event.
  goOnline(a);
  await until('a to be live', () => a.state === 'live', 31_000);
  expect(await his.now({ of: 'total-unread' })).toBe(1);
});

it('a tab with a store in memory leads itself: the tab syncs alone, and no other tab follows', async () => {
  const { tab, until } = createWorld();
  const a = await tab();
  await until('a to be live', () => a.state === 'live', 1000);
  const b = await tab({ ports: () => ({ store: createMemoryStore() }) });
  await until('b to be live', () => b.leads && b.state === 'live', 1000);
  await b.say('bob', 'from memory');
  await until('the message to arrive', () => b.sent('submit').length === 1, 1000);
  expect([a.turns, b.turns, a.leads]).toEqual([1, 1, true]);
});

it('a log-out in one tab stops the sending of the leader tab: no frame leaves after the log-out has resolved (I-26)', async () => {
  const { world, tab, until, bob, pass } = createWorld({ entries: 5 });
  const his = await bob();
  const [leader, follower] = [await tab(), await tab()];
  await until('to be live', () => leader.state === 'live', 1000);
  for (let n = 0; n < 300; n++) void leader.tab.do('sendMessage', 'direct:bob', { body: String(n) });
  const flushed = leader.tab.ask('flush', 10_000).catch((error: unknown) => error);
  await until('a first batch', () => leader.sent('submit').length > 0, 1000);
  await world.until(follower.tab.engine!.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false }));
  const sent = leader.sent('submit').length;
  await pass(100);
  expect(leader.sent('submit').length).toBe(sent);
  expect(leader.sent('submit').flatMap(({ entries }) => entries).length).toBeLessThan(300);
  expect(await his.now({ of: 'total-unread' })).toBeLessThan(300);
  expect(await world.until(flushed)).toMatchObject({ code: 'usage/closed' });
});

it('a call that changes nothing is answered when its tab shows what another tab has done (I-16)', async () => {
  const world = createTestWorld();
  const [device, first] = await openDevice(world, 'alice');
  const second = await openTab(world, device);
  await first.live();
  const chat = 'direct:ben' as const;
  await first.say('ben', 'hello');
  await world.pass(1000);
  const late: string[] = [];
  // The hints of the other tab come at another moment of the frame in each round.
  for (let round = 1; round <= 12; round++) {
    const wanted = round % 2 === 1;
    let isMarked: boolean | undefined;
    const watching = first.watch({ of: 'conversation', conversationId: chat }).subscribe((shown) => (isMarked = shown?.markedUnread));
    await second.do('setMuted', chat, wanted);
    await world.pass(round);
    await second.do('setMarkedUnread', chat, wanted);
    await world.pass(3);
    await first.do('setMarkedUnread', chat, wanted);
    if (isMarked !== wanted) late.push(`round ${round}: ${String(isMarked)}`);
    watching.unsubscribe();
    await world.pass(1000);
  }
  expect(late).toEqual([]);
});
