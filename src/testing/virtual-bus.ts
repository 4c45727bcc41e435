/** The hints between the tabs and the service worker of a device. A hint arrives late, and may get lost or arrive twice. */
import type { BusHint, BusPort } from '../ports/ports.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualProcess } from './virtual-process.ts';

export class VirtualBus {
  private readonly ears = new Map<VirtualProcess, Set<(hint: BusHint) => void>>();
  private hints = 0;

  /** @param loss the chance of a lost, doubled or late hint. */
  port(process: VirtualProcess, chance: SeededRandom, loss: () => number): BusPort {
    return {
      post: (hint) => {
        if (!process.alive) return;
        for (const [other, heard] of this.ears) {
          if (other === process) continue;
          const times = chance.chance(loss()) ? chance.pick([0, 2]) : 1;
          // Keep the order of hints without a fault: a later hint of the same moment gets a tiny extra delay.
          const late = chance.chance(loss()) ? chance.exponential(50) : 0;
          const ms = 1 + late + (this.hints++ % 1000) * 1e-6;
          for (let i = 0; i < times; i++)
            for (const hear of heard) other.later(ms, `hears ${hint.type}`, () => void (heard.has(hear) && hear(hint)));
        }
      },
      listen: (fn) => {
        const heard = this.ears.get(process) ?? new Set();
        this.ears.set(process, heard);
        heard.add(fn);
        process.onEnd(() => this.ears.delete(process));
        return () => void heard.delete(fn);
      },
    };
  }
}
