/** A user sets flags of a group that does not exist yet, often on several devices or offline. Later the host makes the group, with this user. */
import type { Plans } from './plans.ts';
import type { Workload } from './workload.ts';

export const planInviting = (plans: Plans, workload: Workload): void => {
  let groups = 0;
  plans.plan('invite', 8, (random) => {
    const { sim } = plans;
    // A copy from before the group would take its members back.
    if (plans.has('restore') || sim.homes.length < 2) return false;
    const chat = `group:late${groups++}`;
    const one = plans.aHome(random);
    const { userId } = one.device;
    const mine = sim.homes.filter(({ device }) => device.userId === userId);
    const isOffline = random.chance(0.4);
    if (isOffline) one.device.network.set({ up: false, down: false });
    for (const [i, home] of (random.chance(0.4) ? mine : [one]).entries())
      workload.does(random.pick(['mute', 'mute', 'archive', 'mark']), home, chat, random.fork(String(i)));
    const others = [...new Set(sim.homes.map(({ device }) => device.userId))].filter((user) => user !== userId);
    const members = [userId, ...others.filter(() => random.chance(0.7))];
    const create = (left: number): void => {
      if (left === 0) return;
      const again = (): void => plans.in(3000, `${chat} is made again`, () => create(left - 1));
      if (!sim.world.server.isUp) return again();
      sim.world.server.host.createGroup({ groupId: chat.slice('group:'.length), members: members.map((user) => ({ userId: user })) }).then(
        () => void sim.groups.set(chat, new Set(members)),
        () => again(),
      );
    };
    plans.in(random.exponential(6000), `${chat} is made`, () => create(20));
    if (isOffline) plans.in(random.exponential(8000), `${one.device.name} is back`, () => one.device.network.set({ up: true, down: true }));
    return true;
  });
};
