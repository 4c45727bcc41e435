/** The stored form of the state, without messages in pages: the result of a compaction. */
import type { ReceiptStatistic } from '../../model/api/event.ts';
import { type ConversationRow, rowParts, type RowParts } from '../../model/conversation/conversation.ts';
import type { Seq } from '../../model/ids.ts';
import type { ConversationEntry, Cursor, DeadLetter, OutboxEntry } from '../../model/outbox-entry.ts';
import type { StoredMessage } from '../../model/message/message.ts';
import type { Ranges } from '../../model/registers/ranges.ts';
import { withoutEmpty } from '../../model/without-empty.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { AccountSettings, ReceiptSettings } from '../../model/message/receipt-settings.ts';
import { SNAPSHOT_KEY } from '../../log/tables.ts';
import { readTexts, sweepTexts, withoutText } from '../../log/texts.ts';
import type { KeptEvent } from './dirty.ts';

export interface KeptDeadLetter {
  readonly letter: DeadLetter;
  readonly entry: ConversationEntry;
}

/** The parts of a conversation beside its row, its pending entries and its unflushed messages. */
interface Kept {
  readonly storedSeqs: Ranges;
  readonly evicted: Ranges;
  readonly dropped: Ranges;
  readonly readFloor: Seq;
  readonly deliveryFloor: Seq;
  readonly newest: KeptMessage | null;
  readonly newestReceived: Seq;
  readonly historyUpTo: Seq;
}

/** A stored conversation, without its empty parts: every start of the worker parses all conversations. */
export type KeptConversation = { readonly row: RowParts } & Partial<Kept>;

/** The row's last message is left out where the newest stored message hides it. */
export const keptConversation = (
  one: { readonly row: ConversationRow; readonly latest: StoredMessage | null } & Kept,
): KeptConversation => {
  const { row, latest, storedSeqs, evicted, dropped, readFloor, deliveryFloor, newest, newestReceived, historyUpTo } = one;
  const kept: Kept = { storedSeqs, evicted, dropped, readFloor, deliveryFloor, newest, newestReceived, historyUpTo };
  return { row: rowParts({ ...row, lastMessage: latest === newest ? null : latest }), ...withoutEmpty(kept) };
};

export interface Snapshot {
  readonly version: number;
  readonly cursor: Cursor | null;
  readonly asOf?: number | null;
  readonly confirmedAt?: Cursor | null;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
  readonly account: AccountSettings;
  readonly conversations: readonly KeptConversation[];
  /** Rows from before an unfinished catch-up. */
  readonly rowsBeforeCatchUp?: readonly ConversationRow[];
  readonly outbox: readonly OutboxEntry[];
  /** Recently confirmed entries. */
  readonly confirmed?: readonly OutboxEntry[];
  readonly deadLetters: readonly KeptDeadLetter[];
  readonly events: readonly KeptEvent[];
  readonly statistics?: readonly ReceiptStatistic[];
  readonly eventCount: number;
  readonly heard: number;
}

/** The entries of a snapshot that may have texts. */
export const entriesOf = ({
  outbox,
  confirmed = [],
  deadLetters,
}: Pick<Snapshot, 'outbox' | 'confirmed' | 'deadLetters'>): OutboxEntry[] => [
  ...outbox,
  ...confirmed,
  ...deadLetters.map(({ entry }) => entry),
];

const mapEntries = (snapshot: Snapshot, map: <E extends OutboxEntry>(entry: E) => E): Snapshot => ({
  ...snapshot,
  outbox: snapshot.outbox.map(map),
  confirmed: snapshot.confirmed?.map(map) ?? [],
  deadLetters: snapshot.deadLetters.map(({ letter, entry }) => ({ letter, entry: map(entry) })),
});

/**
 * Writes the snapshot as a single JSON text, which is cheaper to store than an object of many parts (see log/log-record.ts). The texts of
 * its entries stay in their rows; the rows of all other texts go.
 */
export const putSnapshot = async (tx: StoreTx, snapshot: Snapshot): Promise<void> => {
  tx.put('meta', SNAPSHOT_KEY, JSON.stringify(mapEntries(snapshot, withoutText)));
  await sweepTexts(tx, entriesOf(snapshot));
};

export const readSnapshot = async (tx: StoreTx): Promise<Snapshot | undefined> => {
  const text = (await tx.get('meta', SNAPSHOT_KEY)) as string | undefined;
  if (text === undefined) return undefined;
  const snapshot = JSON.parse(text) as Snapshot;
  return mapEntries(snapshot, await readTexts(tx, entriesOf(snapshot)));
};
