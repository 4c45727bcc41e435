/** Steps a world until a condition of the world's own loop holds, or until a promise of a tab is settled. */
import { type Simulation, Violation } from './simulation.ts';

const MOST_STEPS = 400_000;

export class Stepping {
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
      if (time.steps >= MOST_STEPS) sim.violated('I-21', `${MOST_STEPS} steps, and no end`);
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
