/**
 * The end of a bus at one server: its listeners, and the hints that wait for the line to the other servers.
 *
 *   publish ─▶ listeners here
 *           └▶ pending ──── while the line is open ───▶ texts to other servers
 *   texts from other servers ─▶ listeners here
 *   line back after a gap ────▶ listeners here: a hint of the gap
 */
import { createLocalBus, type Hint, type HintBus } from './bus.ts';
import { hintOf, hintTexts } from './hint-texts.ts';
import { PendingHints } from './pending-hints.ts';
import { type Log, safeLog } from '../../logging.ts';
import { systemClock } from '../system-clock.ts';

export class Relay {
  private readonly here = createLocalBus();
  private readonly id = crypto.randomUUID();
  private readonly log: Log;
  private isAway = false;
  private lag: (ms: number) => void = () => undefined;
  readonly pending = new PendingHints();
  readonly subscribe: HintBus['subscribe'] = (fn) => this.here.subscribe(fn);

  constructor(log: Log | undefined) {
    this.log = safeLog(log);
  }

  publish(hint: Hint): void {
    this.here.publish(hint);
    // After an outage, what users spent meanwhile is refilled.
    if (hint.kind !== 'spent' || !this.isAway) this.pending.add(hint);
  }

  /** Tells the listeners of this server alone. */
  tell(hint: Hint): void {
    this.here.publish(hint);
  }

  texts(hint: Hint, maxBytes: number): readonly string[] {
    return hintTexts(this.id, Math.round(systemClock.mono()), hint, maxBytes);
  }

  /** Takes a text of any server, this one included. */
  receive(text: string): void {
    const read = hintOf(text);
    if (read?.from === this.id) this.lag(systemClock.mono() - read.at);
    else if (read) this.tell(read.hint);
  }

  readonly measure: NonNullable<HintBus['measure']> = (lag) => void (this.lag = lag);

  /** The line broke: hints are lost from now on. */
  away(why: string): void {
    if (this.isAway) return;
    this.isAway = true;
    this.log('warn', 'bus-away', { message: why });
  }

  /** The line is open. Hints from before it opened are lost. */
  back(): void {
    if (this.isAway) this.log('info', 'bus-back');
    this.isAway = false;
    this.tell({ kind: 'gap' });
  }
}
