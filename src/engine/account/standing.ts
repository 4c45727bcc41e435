/** What a host wants to know of an engine's state: whether counts are known, how much is pending, and the switches. */
import type { Cancel } from '../../ports/ports.ts';
import type { ReceiptSettings } from '../../model/message/receipt-settings.ts';
import type { Writer } from '../write/writer.ts';

/** Number of pending entries, and the switches. The host keeps a note of them outside the store. */
export interface Standing {
  readonly pendingReceipts: number;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
}

/** Calls `fn` now, and after each change of the outbox or of the switches. */
export const watchStanding = (writer: Writer, fn: (standing: Standing) => void): Cancel => {
  const tell = (): void => {
    const { outbox, paused, settings } = writer.model;
    fn({ pendingReceipts: outbox.size, paused, settings });
  };
  tell();
  return writer.onChange(({ outbox, settings }) => {
    if (outbox || settings) tell();
  });
};

/** Resolves once the store has a complete snapshot, from this session or from an earlier one. */
export const whenKnown = (writer: Writer): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      if (writer.model.cursor === null) return;
      stop();
      resolve();
    };
    const stop = writer.onChange(check);
    check();
  });
