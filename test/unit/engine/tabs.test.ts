/** Tabs that freeze, come back and believe that they still lead, on one store. Time passes only when the test moves the clock. */
import { afterEach, describe, expect, it } from 'vitest';
import { PageLife } from '../../../src/platform/browser-ports.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { BusHint, Ports } from '../../../src/ports/ports.ts';
import { createMemoryStore as createServerStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import type { LogHeader } from '../../../src/log/tables.ts';
import { Freezing } from '../../support/freezing.ts';
import { LoopbackNet, TestDevice, TestTab } from '../../support/loopback.ts';
import { TestClock } from '../../support/test-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Runs all work that is ready at this moment of the manual clock. */
const settled = async (hops = 12): Promise<void> => {
  for (let hop = 0; hop < hops; hop++) await new Promise((resolve) => setTimeout(resolve));
};

class Tab extends TestTab {
  leads = false;
  state = '';
  /** Number of times that this tab became the leader. */
  turns = 0;

  constructor(
    engine: Engine,
    readonly freezing: Freezing,
    readonly life: PageLife,
    readonly net: LoopbackNet,
  ) {
    super(engine);
    this.watch({ of: 'connection' }).subscribe(({ leader, state }) => {
      if (leader && !this.leads) this.turns++;
      this.leads = leader;
      this.state = state;
    });
  }
}

const open: { close(): void }[] = [];
afterEach(() => {
  for (const tab of open.splice(0)) tab.close();
});

const createWorld = ({ entries = 100 } = {}) => {
  const clock = new TestClock();
  const server = createReceiptServer({
    store: createServerStore(),
    clock,
    policy: { limits: { entries } },
    // The token `alice@5000` was issued to alice at 5000 ms and is valid for an hour.
    authenticate: (token) => {
      const [userId = '', at = '0'] = token.split('@');
      if (Number(at) + HOUR_MS < clock.mono()) return Promise.reject(new Error('ended'));
      return Promise.resolve({ userId, expiresAt: clock.wall() + Number(at) + HOUR_MS - clock.mono() });
    },
  });
  const alice = new TestDevice('alice', new LoopbackNet(server));
  const tab = async (change: (ports: Ports) => Partial<Ports> = () => ({}), device = alice): Promise<Tab> => {
    const [freezing, life, net] = [new Freezing(), new PageLife(), new LoopbackNet(server)];
    const given: Ports = {
      ...device.ports(),
      clock,
      net,
      life,
      token: { getToken: () => Promise.resolve(`${device.userId}@${clock.mono()}`) },
    };
    const ports = freezing.ports({ ...given, ...change(given) });
    const made = new Tab(await Engine.open(ports, { userId: device.userId, deviceId: device.userId }, 'lock', {}), freezing, life, net);
    open.push(made);
    await settled();
    return made;
  };
  /** @returns the time that passed, in ms. */
  const until = async (what: string, holds: () => boolean, withinMs: number): Promise<number> => {
    const began = clock.mono();
    for (await settled(6); !holds(); await settled(6)) {
      if (clock.mono() - began > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
      await clock.pass(Math.max(100, withinMs / 60));
    }
    return clock.mono() - began;
  };
  const pass = async (ms: number, step = 500): Promise<void> => {
    for (const end = clock.mono() + ms; clock.mono() < end; await settled(4)) await clock.pass(Math.min(step, end - clock.mono()));
  };
  const head = (): LogHeader => [...alice.disk.tables.get('meta')!.values()].find(({ key }) => key === 'head')!.record as LogHeader;
  return {
    clock,
    server,
    alice,
    tab,
    until,
    pass,
    head,
    bob: () => tab(undefined, new TestDevice('bob', alice.net)),
  };
};

describe('a leader tab that freezes', () => {
  it('a frozen leader tab is replaced within 5 s by one visible tab, and follows when it thaws (F30)', async () => {
    const { tab, until, pass } = createWorld();
    const [a, b, c, d] = [await tab(), await tab(), await tab(), await tab()];
    await until('a to be live', () => a.leads && a.state === 'live', 1000);
    a.freezing.freeze();
    await pass(700);
    const others = [b, c, d];
    const ms = await until('another leader', () => others.some(({ leads }) => leads), 5000);
    expect(ms + 700).toBeLessThan(5000);
    await pass(20_000);
    a.freezing.thaw();
    await pass(20_000);
    // No tab takes the lead from a tab that answers.
    expect(others.reduce((sum, { turns }) => sum + turns, 0)).toBe(1);
    expect(a.turns).toBe(1);
    expect([a, ...others].filter(({ leads }) => leads)).toHaveLength(1);
    expect(a.leads).toBe(false);
    // The thawed tab waits in the queue of the lock like the others.
    for (const other of others) other.close();
    await until('the tab to become the leader', () => a.leads, 100);
  });

  it('flush in a follower tab succeeds although the leader tab is frozen (F30)', async () => {
    const { tab, until } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    a.freezing.freeze();
    await b.say('bob', 'from the follower');
    let result: unknown;
    void b.ask('flush', 10_000).then((value) => (result = value));
    await until('the flush to end', () => result !== undefined, 4000);
    expect(result).toEqual({ sent: 1, pending: 0, rejected: 0 });
  });

  it('a replaced leader tab that thaws writes nothing, although it received frames before it froze (I-19, F31)', async () => {
    const { tab, until, bob, head, pass } = createWorld();
    const his = await bob();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    // The new leader has a fencing token and no network: the store is as the frozen tab left it.
    b.net.cut();
    a.freezing.freeze();
    await his.say('alice', 'heard by the frozen one alone');
    await until('another leader', () => b.leads, 5000);
    await pass(500);
    const before = head();
    a.freezing.thaw();
    await pass(500);
    expect(head()).toEqual(before);
    expect(await a.now({ of: 'total-unread' })).toBe(0);
    expect([a.leads, b.leads]).toEqual([false, true]);
    b.net.heal();
    await until('the message', () => head().version > before.version, 20_000);
    expect(await a.now({ of: 'total-unread' })).toBe(1);
  });

  it('an entry that the frozen leader sent and the next leader sends again takes effect once (F31)', async () => {
    const { tab, until, bob } = createWorld();
    const his = await bob();
    let freezes = false;
    const a: Tab = await tab(({ net }) => ({
      net: {
        request: (...args) => net.request(...args),
        connect: (handlers) => {
          const link = net.connect(handlers);
          const send: typeof link.send = (frame) => {
            link.send(frame);
            if (freezes && frame.type === 'submit') a.freezing.freeze();
          };
          return { ...link, send };
        },
      },
    }));
    const b = await tab();
    await until('a to be live', () => a.state === 'live', 1000);
    await his.say('alice', 'one');
    await a.until({ of: 'total-unread' }, (count) => count === 1);
    await a.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    freezes = true;
    const before = a.net.sent('submit').length;
    const receiptsSent: unknown[] = [];
    his.watch({ of: 'events' }).subscribe(({ event }) => receiptsSent.push(event.type));
    void a.say('bob', 'said twice, heard once');
    void a.do('sendConversationReadReceipt', 'direct:bob', {});
    await until('the entry to be sent', () => a.net.sent('submit').length > before, 1000);
    await until('another leader', () => b.leads && b.state === 'live', 5000);
    await until('the answer', () => b.net.sent('submit').length > 0, 1000);
    a.freezing.thaw();
    await b.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await settled();
    expect(receiptsSent.filter((type) => type === 'message')).toHaveLength(1);
    expect(receiptsSent.filter((type) => type === 'conversationRead')).toHaveLength(1);
    expect(await his.now({ of: 'total-unread' })).toBe(1);
  });

  it('hidden tabs replace a frozen leader within 65 s, and do not replace a leader that answers (F30)', async () => {
    const { tab, until, pass } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    b.life.tell('hidden');
    await pass(MINUTE_MS + 5000);
    expect(b.turns).toBe(0);
    a.freezing.freeze();
    await until('the hidden tab to lead', () => b.leads, 65_000);
  });
});

describe('a tab that was frozen itself', () => {
  it('a thawed tab asks again before it takes the lead from a leader that is alive (F39)', async () => {
    const { tab, until, pass, clock } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    await pass(5000);
    for (const ms of [1600, 5000, HOUR_MS]) {
      b.freezing.freeze();
      await pass(Math.min(ms, 5000));
      if (ms === HOUR_MS) clock.sleep(ms);
      // The tab's timer is due, and fires before the tab reads any hint that came while it was frozen.
      b.freezing.thaw();
      await pass(5000);
    }
    expect(b.turns).toBe(0);
  });

  it('after two tabs slept, the first that wakes asks again, although the leader wakes a moment later (F39)', async () => {
    const { tab, until, pass, clock } = createWorld();
    let asks = 0;
    const a = await tab();
    const b = await tab(({ bus }) => ({ bus: { ...bus, post: (hint) => ((asks += hint.type === 'status?' ? 1 : 0), bus.post(hint)) } }));
    await until('a to be live', () => a.state === 'live', 1000);
    await pass(5000);
    a.freezing.freeze();
    const before = asks;
    await until('a second question without an answer', () => asks === before + 2, 4000);
    b.freezing.freeze();
    clock.sleep(HOUR_MS);
    await pass(100);
    b.freezing.thaw();
    await pass(800);
    a.freezing.thaw();
    await pass(5000);
    expect([a.turns, b.turns, a.leads]).toEqual([1, 0, true]);
  });

  it('a tab whose timers the browser clamps to a minute deposes no live leader, and still replaces a frozen one (F39)', async () => {
    const { tab, until, pass } = createWorld();
    const a = await tab();
    await until('a to be live', () => a.state === 'live', 1000);
    const clamped = ({ clock }: Ports): Partial<Ports> => ({
      clock: { ...clock, timer: (ms, fn) => clock.timer(Math.ceil((clock.mono() + ms) / MINUTE_MS) * MINUTE_MS - clock.mono(), fn) },
    });
    const b = await tab(clamped);
    b.life.tell('hidden');
    await pass(3 * MINUTE_MS, 5000);
    expect(b.turns).toBe(0);
    a.freezing.freeze();
    await until('the clamped tab to lead', () => b.leads, 6 * MINUTE_MS);
  });
});

describe('a page that the user leaves for a while', () => {
  it('a parked tab gives the lead to the next tab at once, and joins the queue when it is back (F34)', async () => {
    const { tab, until } = createWorld();
    const [a, b] = [await tab(), await tab()];
    await until('a to be live', () => a.state === 'live', 1000);
    a.life.tell('parked');
    await until('the other tab to lead', () => b.leads, 100);
    a.life.tell('resumed');
    await until('the status', () => a.state === 'live', 1000);
    expect([a.leads, b.leads]).toEqual([false, true]);
    b.close();
    await until('the tab to become the leader', () => a.leads, 100);
  });

  it('a tab shows what another tab cleared, although every hint was lost (F23)', async () => {
    const { tab, until, bob } = createWorld();
    const his = await bob();
    const lost: { lost: boolean } = { lost: false };
    const losing = ({ bus }: Ports): Partial<Ports> => ({
      bus: { ...bus, listen: (fn) => bus.listen((hint) => (lost.lost && hint.type === 'changed' ? undefined : fn(hint))) },
    });
    const [a, b] = [await tab(losing), await tab(losing)];
    await until('a to be live', () => a.state === 'live', 1000);
    await his.say('alice', 'one');
    let shown = -1;
    b.watch({ of: 'total-unread' }).subscribe((count) => (shown = count));
    await until('the badge', () => shown === 1, 1000);
    lost.lost = true;
    await a.do('clearConversationUnreadCount', 'direct:bob');
    await settled();
    expect(shown).toBe(1);
    b.life.tell('resumed');
    await until('the badge', () => shown === 0, 100);
    // Without an event that wakes the tab, the change shows within 10 s. The leader also looks, and sends
    // entries for which it got no hint.
    await b.say('bob', 'unheard');
    let heard = 0;
    his.watch({ of: 'total-unread' }).subscribe((count) => (heard = count));
    expect(heard).toBe(0);
    await until('the message to arrive', () => heard === 1, 11_000);
  });
});

describe('tabs without Web Locks', () => {
  it('without Web Locks one tab leads undisputed, and another replaces it within 5 s however it ends (F33)', async () => {
    const { tab, until, pass, alice } = createWorld();
    alice.locks.isMissing = true;
    const tabs = [await tab(), await tab(), await tab()];
    const leader = (): Tab | undefined => tabs.find(({ leads }) => leads);
    await until('a leader', () => leader() !== undefined, 1000);
    await pass(20_000);
    expect(tabs.filter(({ leads }) => leads)).toHaveLength(1);
    expect(tabs.reduce((sum, { turns }) => sum + turns, 0)).toBeLessThanOrEqual(2);

    const first = leader()!;
    first.freezing.freeze();
    const rest = tabs.filter((one) => one !== first);
    await until('the next leader', () => rest.some(({ leads }) => leads), 5000);
    first.freezing.thaw();
    await pass(10_000);
    expect(tabs.filter(({ leads }) => leads)).toHaveLength(1);
    const second = leader()!;
    expect(second).not.toBe(first);
    second.close();
    await until('the last leader', () => tabs.some((one) => one !== second && one.leads && one.state === 'live'), 1000);
  });

  it('of two tabs without hints between them, the older one stops, and every entry takes effect once (F32, F33)', async () => {
    const { tab, until, bob, alice, pass } = createWorld();
    alice.locks.isMissing = true;
    const his = await bob();
    const receiptsSent: string[] = [];
    his.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'message' || event.type === 'read') receiptsSent.push(event.type);
    });
    const mute = (): Partial<Ports> => ({ bus: { missing: true, post: () => undefined, listen: () => () => undefined } });
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push((await his.say('alice', `${n}`)).id);
    const [a, b] = [await tab(mute), await tab(mute)];
    await until('both tabs to lead', () => a.turns + b.turns === 2, 1000);
    for (let n = 0; n < 10; n++) {
      const one = n % 2 === 0 ? a : b;
      one.life.tell('visible');
      await pass(100);
      await one.do('sendReadReceipts', 'direct:bob', [ids[n]!], {});
      await one.say('bob', `${n}`);
      void one.ask('flush', 1000);
    }
    await pass(2000);
    expect(await his.now({ of: 'total-unread' })).toBe(10);
    expect(receiptsSent.filter((type) => type === 'message')).toHaveLength(10);
    expect((await b.now({ of: 'outbox' })).pending).toBe(0);
    expect([a, b].filter(({ leads }) => leads)).toHaveLength(1);
    // The tab that took the fencing token last leads, and the other does not dispute that.
    expect(b.leads).toBe(true);
  });
});

describe('time', () => {
  it('after 8 h of sleep, a tab opens one connection and pulls once with a fresh token, for any jump of the wall clock (F54)', async () => {
    for (const [wallMs, dies] of [
      [0, 'loseSilently'],
      [10 * 365 * 24 * HOUR_MS, 'cut'],
      [-10 * 365 * 24 * HOUR_MS, 'loseSilently'],
    ] as const) {
      const { tab, until, clock, pass } = createWorld();
      const a = await tab();
      await until('a to be live', () => a.state === 'live', 1000);
      const [hellos, pulls] = [a.net.sent('hello').length, a.net.sent('pull').length];
      a.freezing.freeze();
      clock.sleep(8 * HOUR_MS);
      // The socket has died: the tab gets no close event, or gets it when it wakes.
      a.net[dies]();
      a.net.heal();
      clock.wallAheadMs += wallMs;
      a.freezing.thaw();
      for (const event of ['resumed', 'visible', 'online', 'online'] as const) a.life.tell(event);
      await until('a to be live again', () => a.net.sent('hello').length > hellos && a.state === 'live', 10_000);
      await pass(20_000);
      expect(a.net.sent('hello').length - hellos).toBe(1);
      expect(a.net.sent('pull').length - pulls).toBe(1);
      expect(Number(a.net.sent('hello').at(-1)?.token.split('@')[1])).toBeGreaterThanOrEqual(8 * HOUR_MS);
      expect(a.leads).toBe(true);
      for (const one of open.splice(0)) one.close();
    }
  });
});

it('a tab ignores what the browser says about the network: `online` and `offline` events may both be wrong (F52)', async () => {
  const { tab, until, bob, pass } = createWorld();
  const his = await bob();
  const a = await tab();
  await until('a to be live', () => a.state === 'live', 1000);
  a.life.tell('offline');
  await a.say('bob', 'sent all the same');
  await until('the message to arrive', () => a.net.sent('submit').length === 1, 1000);
  a.net.cut();
  await until('the offline state', () => a.state === 'offline', 1000);
  for (let n = 0; n < 20; n++) {
    a.life.tell('online');
    await pass(500);
  }
  expect(a.state).not.toBe('live');
  // The network heals without an event.
  a.net.heal();
  await until('a to be live', () => a.state === 'live', 31_000);
  expect(await his.now({ of: 'total-unread' })).toBe(1);
});

it('a tab whose store is in memory only leads itself: it syncs alone, and no other tab follows it', async () => {
  const { tab, until } = createWorld();
  const a = await tab();
  await until('a to be live', () => a.state === 'live', 1000);
  const heard: BusHint[] = [];
  const b = await tab(({ bus }) => {
    bus.listen((hint) => heard.push(hint));
    return { store: createMemoryStore() };
  });
  await until('b to be live', () => b.leads && b.state === 'live', 1000);
  await b.say('bob', 'from memory');
  await until('the message to arrive', () => b.net.sent('submit').length === 1, 1000);
  expect([a.turns, b.turns, a.leads]).toEqual([1, 1, true]);
});

it('a log-out in one tab stops the sending of the leader tab: no frame leaves after it has resolved (I-26)', async () => {
  const { tab, until, bob } = createWorld({ entries: 5 });
  const his = await bob();
  const [leader, follower] = [await tab(), await tab()];
  await until('to be live', () => leader.state === 'live', 1000);
  for (let n = 0; n < 300; n++) void leader.say('bob', `${n}`);
  const flushed = leader.ask('flush', 10_000).catch((error: unknown) => error);
  await until('a first batch', () => leader.net.sent('submit').length > 0, 1000);
  await follower.engine.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false });
  const sent = leader.net.sent('submit').length;
  await settled();
  expect(leader.net.sent('submit').length).toBe(sent);
  expect(leader.net.sent('submit').flatMap(({ entries }) => entries).length).toBeLessThan(300);
  expect(await his.now({ of: 'total-unread' })).toBeLessThan(300);
  expect(await flushed).toMatchObject({ code: 'usage/closed' });
});
