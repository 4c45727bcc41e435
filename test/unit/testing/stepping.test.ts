import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/index.ts';
import { drawConfig } from '../../simulation/config.ts';
import { Simulation } from '../../simulation/simulation.ts';
import { Stepping } from '../../simulation/stepping.ts';

const FAR_MS = 200_000;

const quietWorld = async (): Promise<{ sim: Simulation; stepping: Stepping }> => {
  const world = createTestWorld({ seed: 1 });
  // A stopped server plans nothing.
  world.server.crash();
  await world.pass(1000);
  const sim = new Simulation(world, drawConfig('1', 'model'));
  world.time.schedule(FAR_MS, 'a plan for later', () => undefined);
  return { sim, stepping: new Stepping(sim) };
};

it('a tab opens at once although the world has no other plan for minutes', async () => {
  const { sim, stepping } = await quietWorld();
  const home = sim.addHome(sim.world.device('ann'), false);
  expect(await stepping.wait(sim.open(home), 10_000)).toBe(true);
  expect(sim.world.time.now).toBeLessThan(10_000);
});

it('the simulator waits for an unsettled promise no longer than its caller says', async () => {
  const { sim, stepping } = await quietWorld();
  expect(await stepping.wait(new Promise(() => undefined), 10_000)).toBe(false);
  expect(sim.world.time.now).toBeLessThan(FAR_MS);
});
