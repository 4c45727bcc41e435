/** The items of the change feed: single facts, each with the version at which it is true. changes.ts cuts them into frames. */
import { byteLength } from '../../model/byte-length.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { WireMessage, WireReceiptChange } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { AckRecord, AddedReader, ChangedReceipt } from '../store/receipt-records.ts';
import type { MessageKey } from '../store/records.ts';
import { messageKey, seesReaders, type Viewer } from './wire-messages.ts';

type Changes = Frame<'changes'>;

export type Item =
  | { readonly version: number; readonly bytes: number; readonly row: Changes['rows'][number] }
  | { readonly version: number; readonly bytes: number; readonly account: NonNullable<Changes['account']> }
  | { readonly version: number; readonly bytes: number; readonly step: Changes['steps'][number] }
  | { readonly version: number; readonly bytes: number; readonly receipt: WireReceiptChange }
  | { readonly version: number; readonly bytes: number; readonly in: ConversationId; readonly message: WireMessage };

/** Adds the version and the size in a frame. */
export const sized = <T extends object>(version: number, item: T): T & { version: number; bytes: number } => ({
  ...item,
  version,
  bytes: byteLength(JSON.stringify(item)) + 64,
});

/** The receipts of a group message as a change: its numbers at a version, and the readers of this version. */
const receiptItem = (
  viewer: Viewer,
  version: number,
  { groupId, seq, messageId, senderId, readCount, memberCount, expired }: Omit<AddedReader, keyof AckRecord> & MessageKey,
  readers: readonly AckRecord[],
): Item =>
  sized(version, {
    receipt: {
      conversationId: `group:${groupId}` as const,
      seq,
      id: messageId,
      ...(seesReaders(viewer, { senderId }) ? { readCount, memberCount } : { readCount: 0, memberCount: 0 }),
      expired,
      ...(readers.length === 0
        ? {}
        : { readers: readers.map(({ userId, content }) => ({ by: userId, ...(content === null ? {} : { content }) })) }),
    },
  });

/**
 * The items of changed receipts: one for each message and version with new readers, and one for the state at each record's own version. Each
 * item is true at its version, so a client stopping between two frames has received each reader exactly once.
 */
export const receiptItems = (viewer: Viewer, changed: readonly ChangedReceipt[], added: readonly AddedReader[]): Item[] => {
  const together = new Map<string, AddedReader[]>();
  const of = (message: MessageKey, version: number): string => `${version} ${messageKey(message)}`;
  for (const reader of added) {
    const key = of(reader, reader.version);
    const list = together.get(key);
    if (list) list.push(reader);
    else together.set(key, [reader]);
  }
  return [
    ...[...together.values()].map((readers) => receiptItem(viewer, readers[0]!.version, readers[0]!, readers)),
    ...changed
      .filter((receipt) => !together.has(of(receipt, receipt.version)))
      .map((receipt) => receiptItem(viewer, receipt.version, receipt, [])),
  ];
};
