/** Receipts are switched off, messages come and are read, and the user reads on: on the same device or on another one, before or after "on". */
import type { SeededRandom } from '../../src/testing/random.ts';
import type { Plans } from './plans.ts';
import type { Workload } from './workload.ts';

const READS = ['read-chat', 'read-chat', 'clear', 'ack', 'read-group'] as const;

export const planSwitching = (plans: Plans, workload: Workload): void =>
  plans.plan('switch', 6, (random) => {
    const { sim } = plans;
    // Worlds without changes of settings expect every receipt.
    if (!plans.has('settings')) return false;
    const one = plans.aHome(random);
    const others = sim.homes.filter((home) => home !== one && home.device.userId === one.device.userId);
    const other = others.length > 0 && random.chance(0.8) ? random.pick(others) : one;
    const chat = workload.aChatOf(one, random);
    const [peer] = sim.homes.filter(({ device }) => device.userId !== one.device.userId && chat.includes(device.userId));
    const stepMs = random.exponential(1500);
    const ofAccount = random.chance(0.5);
    // The other device, or the switching device, may be offline for a while.
    const away = random.chance(0.4) ? random.pick([one, other]) : undefined;
    away?.device.network.set({ up: false, down: false });
    const later = (steps: number, what: string, fn: (own: SeededRandom) => void): void =>
      plans.in(steps * stepMs, `${what} of ${one.device.name}'s user`, () => fn(random.fork(what)));
    const off = (own: SeededRandom): void => workload.switches(one, own, { readReceipts: false }, ofAccount);
    // Often the switching device has unsent receipts.
    const queued = random.fork('queued');
    const begins = peer && queued.chance(0.5) ? 2 : 0;
    if (begins === 0) off(random);
    else {
      const said = workload.does('say', peer!, chat, queued.fork('say'));
      later(1, 'a tunnel', () => {
        one.device.network.set({ up: false, down: false });
        one.device.network.cut();
      });
      later(2, 'a switch with unsent receipts', (own) => {
        workload.does(own.pick(['ack', 'ack', 'read-chat', 'view']), one, chat, own, said?.ids);
        off(own.fork('off'));
      });
      later(2.5, 'the end of the tunnel', () => one.device.network.set({ up: true, down: true }));
    }
    later(begins + 1, 'a message', (own) => {
      for (let i = own.between(1, 3); peer && i > 0; i--) workload.does('say', peer, chat, own.fork(`say ${i}`));
    });
    later(begins + 2, 'a reading', (own) => void workload.does(own.pick(READS), random.chance(0.6) ? one : other, chat, own));
    later(begins + 3, 'a return', () => away?.device.network.set({ up: true, down: true }));
    if (random.chance(0.7)) later(begins + 4, 'a switch', (own) => workload.switches(one, own, { readReceipts: true }, ofAccount));
    later(begins + 5, 'a message more', (own) => void (peer && workload.does('say', peer, chat, own)));
    // Without a later reading, nothing excuses a receipt for messages read before.
    if (random.chance(0.6)) later(begins + 6, 'a later reading', (own) => void workload.does(own.pick(READS), other, chat, own));
    return true;
  });
