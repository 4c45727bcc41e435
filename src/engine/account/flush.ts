/** Flush: waits until the outbox is empty, the timeout has passed, or the engine ends. */
import type { FlushResult } from '../../model/status.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Writer } from '../write/writer.ts';

/** @param ends functions that end a wait early. An engine that ends calls them, and each `flush` answers with the entries sent so far. */
export const flush = (
  ports: Pick<Ports, 'clock'>,
  writer: Writer,
  nudge: () => void,
  timeoutMs: number,
  ends: Set<() => void> = new Set(),
): Promise<FlushResult> =>
  new Promise((resolve) => {
    const pendingKeys = new Set(writer.model.outbox.keys());
    const before = pendingKeys.size;
    const rejectedBefore = new Set(writer.model.deadLetters.map(({ letter }) => letter.id));
    const finish = (): void => {
      ends.delete(finish);
      cancel();
      stop();
      const pending = writer.model.outbox.size;
      const rejected = writer.model.deadLetters.filter(({ letter }) => !rejectedBefore.has(letter.id)).length;
      const left = [...pendingKeys].filter((key) => writer.model.outbox.has(key)).length;
      resolve({ sent: Math.max(0, before - left - rejected), pending, rejected });
    };
    const cancel = ports.clock.timer(timeoutMs, () => writer.whenCommitted(finish));
    const stop = writer.onChange(() => {
      if (writer.model.outbox.size === 0) finish();
    });
    ends.add(finish);
    // The leader tab is nudged even if the outbox is empty: an app calls `flush` to say "try now".
    nudge();
    if (before === 0) finish();
  });
