/**
 * The current engine of one account. While the account moves to another store, there is no engine, and calls wait. If a
 * store ends before a call is stored, the next engine repeats the call.
 */
import type { Engine } from '../engine/engine.ts';
import { StoreError } from '../errors.ts';
import { ObservableValue } from '../model/observable-value.ts';
import type { FlushResult } from '../model/api/status.ts';
import type { Cancel, ClockPort } from '../ports/ports.ts';

/** True when the store ended before the call was stored. */
const isStoreGone = (error: unknown): boolean => error instanceof StoreError && error.code === 'store/closed';

export class CurrentEngine {
  /** Null while the account moves. */
  readonly engine = new ObservableValue<Engine | null>(null);
  /** Null until no engine follows: then the error of the calls that wait for one. */
  readonly over = new ObservableValue<Error | null>(null);

  constructor(private readonly clock: Pick<ClockPort, 'mono'>) {}

  get now(): Engine | null {
    return this.engine.value;
  }

  set now(engine: Engine | null) {
    this.engine.value = engine;
  }

  /** No engine follows: calls that wait for the next engine reject with the first reason given. */
  end(reason: Error): void {
    this.over.value ??= reason;
  }

  /** @throws the reason given to {@link CurrentEngine.end} when no engine follows. */
  private next(holds: (engine: Engine | null) => boolean): Promise<Engine | null> {
    return new Promise((resolve, reject) => {
      const stops: Cancel[] = [];
      const check = (): void => {
        if (this.over.value) reject(this.over.value);
        else if (holds(this.now)) resolve(this.now);
        else return;
        for (const stop of stops) stop();
      };
      stops.push(this.engine.listen(check), this.over.listen(check));
      check();
    });
  }

  /** Runs `run` on the engine that runs. If its store ends meanwhile, nothing was stored, and `run` is repeated on the next engine. */
  async repeat<T>(run: (engine: Engine) => Promise<T>): Promise<T> {
    for (;;) {
      const engine = await this.next((one) => one !== null);
      if (!engine || engine !== this.now) continue;
      try {
        return await run(engine);
      } catch (error) {
        if (!isStoreGone(error)) throw error;
        await this.next((one) => one !== engine);
      }
    }
  }

  /** Waits until the outbox is empty, also when the account moves to another store meanwhile. */
  async flush(timeoutMs: number): Promise<FlushResult> {
    const { clock } = this;
    const deadline = clock.mono() + timeoutMs;
    let [sent, rejected] = [0, 0];
    for (;;) {
      const [engine, part] = await this.repeat(async (one) => {
        const leftMs = Math.max(0, deadline - clock.mono());
        return [one, await one.query({ do: 'flush', args: [leftMs] })] as const;
      });
      const result = part as FlushResult;
      sent += result.sent;
      rejected += result.rejected;
      if (this.now === engine) return { sent, pending: result.pending, rejected };
    }
  }
}
