/** Steps a world until a condition of the world's own loop holds, or until a promise of a tab is settled. */
import { type Simulation, Violation } from './simulation.ts';

/** A world of sixty tabs needs 120,000 steps a minute; most worlds need fewer than 15,000. The bound on rest ends longer worlds. */
const MOST_STEPS_A_MINUTE = 200_000;

export class Stepping {
  /** The time and the number of steps at the begin of the present minute. */
  private minute = { since: 0, steps: 0 };

  /** @param untilStep the step at which a trace ends */
  constructor(
    private readonly sim: Simulation,
    private readonly untilStep = Infinity,
  ) {}

  /** Ends early if the world has a violation, or if no further step is planned. */
  until = async (isOver: () => boolean): Promise<void> => {
    const { sim } = this;
    const { time } = sim.world;
    // The caller has just called a tab. The step planned by the tab in answer comes before later steps of the
    // world.
    await time.heard();
    while (!isOver() && sim.violation === null) {
      if (time.steps >= this.untilStep) throw new Violation('stopped', 'here', time.steps);
      if (time.now - this.minute.since > 60_000) this.minute = { since: time.now, steps: time.steps };
      if (time.steps - this.minute.steps >= MOST_STEPS_A_MINUTE) sim.violated('I-21', `${MOST_STEPS_A_MINUTE} steps within a minute`);
      if (!(await time.step())) return;
    }
  };

  /** @returns whether the promise was settled within this time. */
  wait = async (promise: Promise<unknown>, withinMs = 120_000): Promise<boolean> => {
    const { time } = this.sim.world;
    let over = false;
    const mark = (): void => void (over = true);
    promise.then(mark, mark);
    const deadline = time.now + withinMs;
    await this.until(() => over || time.nextAt > deadline);
    return over;
  };
}
