/** Waits until nothing is pending, or the time is up, or the engine ends. */
import type { FlushResult } from '../../model/status.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Writer } from '../write/writer.ts';

/** @param ends holds what ends each wait early: an engine that ends calls them, and each `flush` answers with what was sent so far. */
export const flush = (
  ports: Pick<Ports, 'clock'>,
  writer: Writer,
  nudge: () => void,
  timeoutMs: number,
  ends: Set<() => void> = new Set(),
): Promise<FlushResult> =>
  new Promise((resolve) => {
    const pendingReceipts = new Set(writer.model.outbox.keys());
    const before = pendingReceipts.size;
    const refusedBefore = new Set(writer.model.deadLetters.map(({ letter }) => letter.id));
    const finish = (): void => {
      ends.delete(finish);
      cancel();
      stop();
      const pending = writer.model.outbox.size;
      const rejected = writer.model.deadLetters.filter(({ letter }) => !refusedBefore.has(letter.id)).length;
      const left = [...pendingReceipts].filter((key) => writer.model.outbox.has(key)).length;
      resolve({ sent: Math.max(0, before - left - rejected), pending, rejected });
    };
    const cancel = ports.clock.timer(timeoutMs, () => writer.whenCommitted(finish));
    const stop = writer.onChange(() => {
      if (writer.model.outbox.size === 0) finish();
    });
    ends.add(finish);
    // Also with nothing owed: it is how an app says "try now".
    nudge();
    if (before === 0) finish();
  });
