/** Flush: waits until the outbox is empty, the timeout has passed, or the engine ends. */
import type { FlushResult } from '../../model/api/status.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Writer } from '../write/writer.ts';

/** Ends a wait early: with the error, or else with the entries sent so far. */
type EndFlush = (error?: Error) => void;

/** The waits of one engine. The engine ends them at its own end. */
export class Flushes {
  private readonly ends = new Set<EndFlush>();

  add(end: EndFlush): void {
    this.ends.add(end);
  }

  delete(end: EndFlush): void {
    this.ends.delete(end);
  }

  /** @param error the error of every wait. Without an error, each wait answers with the entries sent so far. */
  end(error?: Error): void {
    for (const end of [...this.ends]) end(error);
  }
}

export const flush = (
  ports: Pick<Ports, 'clock'>,
  writer: Writer,
  nudge: () => void,
  timeoutMs: number,
  waits: Flushes,
): Promise<FlushResult> =>
  new Promise((resolve, reject) => {
    const pendingKeys = new Set(writer.model.outbox.keys());
    const before = pendingKeys.size;
    const rejectedBefore = new Set(writer.model.deadLetters.map(({ letter }) => letter.id));
    const finish = (error?: Error): void => {
      waits.delete(finish);
      cancel();
      stop();
      if (error) return reject(error);
      const pending = writer.model.outbox.size;
      const rejected = writer.model.deadLetters.filter(({ letter }) => !rejectedBefore.has(letter.id)).length;
      const left = [...pendingKeys].filter((key) => writer.model.outbox.has(key)).length;
      resolve({ sent: Math.max(0, before - left - rejected), pending, rejected });
    };
    const cancel = ports.clock.timer(timeoutMs, () => finish());
    const stop = writer.onChange(() => {
      if (writer.model.outbox.size === 0) finish();
    });
    waits.add(finish);
    // The leader tab is nudged even if the outbox is empty: an app calls `flush` to say "try now".
    nudge();
    if (before === 0) finish();
  });
