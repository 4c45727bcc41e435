/** The hot model as it is kept: what the journal's records were folded into. */
import type { ConversationRow } from '../../model/conversation.ts';
import type { Seq } from '../../model/ids.ts';
import type { Cursor, DeadLetter, OutboxEntry } from '../../model/outbox-entry.ts';
import type { Ranges } from '../../model/ranges.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage, ReceiptSettings } from '../../log/log-record.ts';
import { SNAPSHOT_KEY } from '../../log/tables.ts';
import type { KeptEvent } from './dirty.ts';

export interface KeptDeadLetter {
  readonly letter: DeadLetter;
  readonly entry: OutboxEntry;
}

export interface Snapshot {
  readonly version: number;
  readonly cursor: Cursor | null;
  readonly confirmedAt?: Cursor | null;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
  readonly conversations: readonly {
    readonly row: ConversationRow;
    readonly storedSeqs: Ranges;
    readonly evicted?: Ranges;
    readonly readFloor: Seq;
    readonly deliveryFloor: Seq;
    readonly newest: KeptMessage | null;
    readonly newestReceived: Seq;
  }[];
  /** Rows before the catch-up that is under way. */
  readonly rowsBeforeCatchUp?: readonly ConversationRow[];
  readonly outbox: readonly OutboxEntry[];
  /** What the server acked of late. */
  readonly confirmed?: readonly OutboxEntry[];
  readonly deadLetters: readonly KeptDeadLetter[];
  readonly events: readonly KeptEvent[];
  readonly eventCount: number;
  readonly heard: number;
}

/** One text, as everything large (see the journal). */
export const putSnapshot = (tx: StoreTx, snapshot: Snapshot): void => tx.put('meta', SNAPSHOT_KEY, JSON.stringify(snapshot));
export const readSnapshot = async (tx: StoreTx): Promise<Snapshot | undefined> => {
  const text = (await tx.get('meta', SNAPSHOT_KEY)) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
};
