/** Faults stop, and the world must come to rest: no device has a pending entry, and every tab shows the state of the server's tables. */
import { BACKOFF_CAP_MS } from '../../src/model/backoff.ts';
import type { Config } from './config.ts';
import type { Nemesis } from './nemesis.ts';
import type { Simulation } from './simulation.ts';
import type { Stepping } from './stepping.ts';

/** I-14: a minute, and the longest wait between two attempts. */
const REST_WITHIN_MS = 60_000 + BACKOFF_CAP_MS;
/** With slow answers the timeout for a silent connection is longer: twice their time, at most two minutes (F55). */
const SLOW_MS = 120_000;
export const restWithin = ({ faults }: Config): number => REST_WITHIN_MS + (faults.has('delay') || faults.has('partition') ? SLOW_MS : 0);

/** A tab on the way to its reload when faults stopped. */
export const reopen = (sim: Simulation): void => {
  for (const home of sim.homes) {
    home.pausedSince = null;
    // A final error was on its way when the faults ended: the user reloads the page.
    for (const { tab, connection } of home.screens.values()) if (connection === 'stopped' && home.mayStop) tab.kill();
    if (home.opening === 0 && !home.device.openTabs.some((tab) => tab.isReady)) void sim.open(home);
    // A pause was on its way when all clients were resumed.
    for (const { tab, paused } of home.screens.values()) if (paused && tab.isReady) void tab.do('setPaused', false).catch(() => undefined);
  }
};

/** Waits until nothing is wrong any more, within the bound. @returns what is wrong then. */
export const comesToRest = async (sim: Simulation, stepping: Stepping, problemsNow = () => sim.unsettled()): Promise<readonly string[]> => {
  const { time } = sim.world;
  const deadline = time.now + restWithin(sim.config);
  for (;;) {
    const lookAt = time.now + 500;
    await stepping.until(() => time.now >= lookAt || time.nextAt > lookAt);
    time.now = Math.max(time.now, lookAt);
    if (sim.violation) return [];
    reopen(sim);
    const problems = problemsNow();
    if (problems.length === 0 || time.now > deadline) return problems;
  }
};

/** Stops the faults, and waits for the world to come to rest, within the bound. */
export const rest = async (sim: Simulation, nemesis: Nemesis, stepping: Stepping): Promise<number> => {
  const { time } = sim.world;
  nemesis.stop();
  time.note('faults stop');
  // A user reloads hanging tabs.
  await stepping.until(() => !sim.homes.some(({ opening }) => opening > 0) || time.nextAt > time.now + 20_000);
  for (const home of sim.homes) {
    home.pausedSince = null;
    for (const tab of home.device.openTabs) if (!tab.isReady || !home.screens.has(tab)) tab.kill();
    const ready = home.device.openTabs.find((tab) => tab.isReady);
    if (!ready && !(await stepping.wait(sim.open(home), 10_000))) sim.violated('I-14', `${home.device.name}: a tab does not open`);
    const tab = home.device.openTabs.find((one) => one.isReady);
    if (tab && !(await stepping.wait(tab.do('setPaused', false), 30_000))) tab.kill();
  }
  for (const home of sim.homes) if (!home.device.openTabs.some((tab) => tab.isReady)) await stepping.wait(sim.open(home));
  const began = time.now;
  const problems = await comesToRest(sim, stepping);
  if (problems.length > 0) sim.violated('I-14', `no rest after ${restWithin(sim.config) / 1000} s: ${problems.slice(0, 4).join('; ')}`);
  return time.now - began;
};
