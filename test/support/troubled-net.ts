/** A loopback that loses, doubles, delays or breaks off at a frame that the test chooses; and a clock that runs faster. */
import type { ClockPort, LinkHandlers } from '../../src/ports/ports.ts';
import type { ClientFrame, ServerFrame } from '../../src/protocol/frames.ts';
import { LoopbackNet, TestDevice } from './loopback.ts';

/** Timers ring, and the clock runs, this many times as fast. */
export const hasty = (clock: ClockPort, factor: number): ClockPort => ({
  wall: clock.wall,
  mono: () => clock.mono() * factor,
  timer: (ms, fn) => clock.timer(ms / factor, fn),
});

export class HastyDevice extends TestDevice {
  factor = 20;
  override ports(...args: Parameters<TestDevice['ports']>): ReturnType<TestDevice['ports']> {
    const ports = super.ports(...args);
    return { ...ports, clock: hasty(ports.clock, this.factor) };
  }
}

export type Trouble =
  /** The frame arrives, and the connection ends right after it. */
  | 'arrives-then-cut'
  /** The frame does not arrive, and the connection ends. */
  | 'lost-and-cut'
  /** The frame does not arrive, and the connection goes on. */
  | 'lost'
  | 'twice';

/** Counts the frames over the socket in both directions. The test decides what happens to each. */
export class TroubledNet extends LoopbackNet {
  passedUp = 0;
  passedDown = 0;
  onUp: (frame: ClientFrame, nth: number) => Trouble | null = () => null;
  onDown: (frame: ServerFrame, nth: number) => Trouble | null = () => null;
  /** The handlers of every connection, which get all frames. */
  readonly handlers: LinkHandlers[] = [];

  reset(): void {
    this.cut();
    this.heal();
  }

  override connect(handlers: LinkHandlers) {
    this.handlers.push(handlers);
    const link = super.connect({
      ...handlers,
      frame: (frame) => {
        const trouble = this.onDown(frame, ++this.passedDown);
        if (trouble !== 'lost' && trouble !== 'lost-and-cut') handlers.frame(frame);
        if (trouble === 'twice') handlers.frame(frame);
        if (trouble === 'arrives-then-cut' || trouble === 'lost-and-cut') this.reset();
      },
    });
    return {
      ...link,
      send: (frame: ClientFrame) => {
        const trouble = this.onUp(frame, ++this.passedUp);
        if (trouble !== 'lost' && trouble !== 'lost-and-cut') link.send(frame);
        if (trouble === 'twice') link.send(frame);
        // A sent frame is on its way for one turn of the loop.
        if (trouble === 'arrives-then-cut' || trouble === 'lost-and-cut') setTimeout(() => setTimeout(() => this.reset()));
      },
    };
  }
}
