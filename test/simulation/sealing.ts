/** What happens to devices with encrypted texts: answers with texts of others, lost keys, and pages that disagree about the option. */
import type { SeededRandom } from '../../src/testing/random.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { Plans } from './plans.ts';
import { maySwitchOff } from './sealed.ts';
import type { Home } from './simulation.ts';
import type { Workload } from './workload.ts';

/** A sender asks a group, and each of its members answers with a text: the sender's devices store the texts of others, too. */
export const planAnswers = (plans: Plans, workload: Workload): void => {
  const answers = (random: SeededRandom): boolean => {
    const { homes, groups } = plans.sim;
    if (groups.size === 0) return false;
    const chat = random.pick([...groups.keys()]);
    const members = homes.filter(({ device }) => groups.get(chat)!.has(device.userId));
    if (members.length < 2) return false;
    const sender = random.pick(members);
    const op = workload.does('say', sender, chat, random.fork('say'));
    if (!op) return false;
    plans.in(500 + random.exponential(3000), `members answer ${op.ids[0]!}`, () => {
      for (const [i, home] of members.entries())
        if (home.device.userId !== sender.device.userId) workload.does('answer', home, chat, random.fork(`answer ${i}`), op.ids);
    });
    return true;
  };
  plans.plan('encrypt', 8, answers, plans.stream('encrypt').fork('answers'));
};

/** A device loses its key while no page is open: a restored profile may come without it. */
export const planLostKeys = (plans: Plans, workload: Workload): void => {
  // A server that lost a message gets it back from its sender, and not from a sender who lost the text with the key.
  if (plans.has('restore')) return;
  plans.plan('encrypt', 3, (random) => {
    const home = plans.aHome(random);
    const unheard = random.fork('unheard');
    if (unheard.chance(0.5)) return losesUnheard(plans, workload, home, unheard);
    if (unheard.chance(0.5)) return losesHalfway(plans, workload, home, unheard);
    return losesKey(plans, home);
  });
};

/** The server takes a message, and its sender loses the text with the key before it hears the answer: the message is no failure. */
const losesUnheard = (plans: Plans, workload: Workload, home: Home, random: SeededRandom): boolean => {
  const { network } = home.device;
  if (!workload.does('say', home, workload.aChatOf(home, random), random.fork('say'))) return false;
  network.set({ down: false });
  plans.in(500 + random.exponential(1500), `${home.device.name} hears no answer`, () => {
    losesKey(plans, home);
    plans.in(random.exponential(2000), `${home.device.name} is reached again`, () => network.set({ down: true }));
  });
  return true;
};

/**
 * Two pages open one after the other, and want different things: the later one decides, also for a service worker that began before it and
 * for the rows that the earlier page was about to rewrite.
 */
export const planDisagreements = (plans: Plans, workload: Workload): void => {
  plans.plan(
    'encrypt',
    8,
    (random) => {
      const home = plans.aHome(random);
      const { device } = home;
      if (!maySwitchOff(device) || home.opening > 0 || home.loggedOut || device.encryption.on === null) return false;
      const first = random.chance(0.3);
      const opens = (on: boolean): void => void plans.sim.open(home, on);
      // A device opens a few tabs at most, so the plan closes the other ones first.
      for (const tab of device.openTabs) tab.kill();
      opens(first);
      const hasWorker = random.chance(0.6);
      const laterMs = hasWorker ? 3000 : 10 ** (3 * random.next());
      if (hasWorker) planWorkerBefore(plans, workload, home, laterMs, random.fork('worker'));
      plans.in(laterMs, `${device.name} opens a page with encryption ${first ? 'off' : 'on'}`, () => opens(!first));
      return true;
    },
    plans.stream('encrypt').fork('quarrels'),
  );
};

/** A service worker begins shortly before the later page opens: it sends what the user wrote in a tunnel, and stores what others say. */
const planWorkerBefore = (plans: Plans, workload: Workload, home: Home, laterMs: number, random: SeededRandom): void => {
  const { device } = home;
  const chat = workload.aChatOf(home, random);
  plans.in(laterMs * 0.3, `${device.name} writes in a tunnel`, () => {
    device.network.set({ up: false, down: false });
    workload.does('say', home, chat, random.fork('own'));
  });
  plans.in(laterMs * 0.5, `${device.name} has no page`, () => {
    for (const tab of device.openTabs) tab.kill();
    device.network.set({ up: true, down: true });
    for (const peer of plans.sim.homes)
      if (peer.device.userId !== device.userId && chat.includes(peer.device.userId))
        workload.does('say', peer, chat, random.fork(peer.device.name));
  });
  plans.in(laterMs - random.between(1, 50), `${device.name} is woken`, () => void device.sync().catch(() => undefined));
};

/** A page has switched encryption off, and has not rewritten the old pages of messages yet: these alone need the key. */
const losesHalfway = (plans: Plans, workload: Workload, home: Home, random: SeededRandom): boolean => {
  const { device } = home;
  if (!maySwitchOff(device) || home.opening > 0 || home.loggedOut || device.encryption.on === null) return false;
  for (const tab of device.openTabs) tab.kill();
  void plans.sim.open(home, false);
  for (let i = 1; i <= 3; i++)
    plans.in(i * 300, `${device.name} writes in the clear`, () => {
      for (const chat of workload.everyChatOf(home)) workload.does(i === 1 ? 'say' : 'mute', home, chat, random.fork(`${i} ${chat}`));
    });
  plans.in(random.between(1200, 1900), `${device.name} loses its key`, () => void losesKey(plans, home));
  return true;
};

const losesKey = (plans: Plans, home: Home): boolean => {
  const { device } = home;
  if (home.opening > 0 || !device.disk.get('meta', 'cipher')) return false;
  plans.sim.count('lost key');
  home.sealed.hasLostKey = true;
  device.killAll();
  // No page opens meanwhile, and no service worker: the browser does not run.
  home.opening++;
  const lose = async (process: VirtualProcess): Promise<void> => {
    process.onEnd(() => {
      home.opening--;
      plans.openTab(home);
    });
    const store = await device.disk.open(process);
    await store.tx('lose-key', ['meta'], 'readwrite', 'strict', async (tx) => {
      const known = (await tx.get('meta', 'cipher')) as object | undefined;
      if (known) tx.put('meta', 'cipher', { ...known, key: null });
    });
  };
  void device.wake(lose).catch(() => undefined);
  return true;
};
