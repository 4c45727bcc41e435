/** How much a tab or a service worker says: none talks without a pause, and none sends one frame again and again (I-21). */
import type { Simulation } from './simulation.ts';

const MOST_IN_A_SECOND = 300;

/** Of one frame: a line that breaks again and again costs a few. */
const MOST_SUBMITS = 40;
const SUBMITS_WITHIN_MS = 10_000;

export class Talk {
  private readonly seconds = new Map<string, { readonly since: number; weight: number }>();
  /** By lane, what it submitted last. */
  private readonly submitted = new Map<string, { readonly key: string; readonly since: number; count: number }>();

  constructor(private readonly sim: Simulation) {}

  /** @param weight a connection costs more than a frame. */
  says(lane: string, weight: number): void {
    const { now } = this.sim.world.time;
    const said = this.seconds.get(lane);
    if (!said || now - said.since > 1000) this.seconds.set(lane, { since: now, weight });
    else if ((said.weight += weight) > MOST_IN_A_SECOND) this.sim.violated('I-21', `${lane} said too much in a second`);
  }

  /** @param key of the first entry in the frame. */
  submits(lane: string, key: string): void {
    const { now } = this.sim.world.time;
    const last = this.submitted.get(lane);
    if (last?.key !== key || now - last.since > SUBMITS_WITHIN_MS) this.submitted.set(lane, { key, since: now, count: 1 });
    else if (++last.count > MOST_SUBMITS)
      this.sim.violated('I-21', `${lane} submits ${key} ${last.count} times within ${SUBMITS_WITHIN_MS / 1000} s`);
  }
}
