/** Makes messages for one reader, with the receipts visible to this reader (I-10). */
import type { UserId } from '../../model/ids.ts';
import type { GroupReceipt, ReceiptTimes } from '../../model/message/receipt.ts';
import type { WireMessage } from '../../protocol/changes.ts';
import type { ReceiptRecord } from '../store/receipt-records.ts';
import type { MessageRecord, MessageKey } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import { wireMessageOf } from './summary-rows.ts';

/** The reader of an answer, and whether every member of a group sees the readers of a message. */
export interface Viewer {
  readonly userId: UserId;
  readonly membersSeeReaders: boolean;
}

export const messageKey = ({ conversationId, seq }: MessageKey): string => `${conversationId} ${seq}`;

/** For the user's own direct messages: the time of the first receipt of each kind. */
export const receiptTimesOf = async (
  tx: ServerReadTx,
  me: UserId,
  own: readonly MessageKey[],
): Promise<ReadonlyMap<string, ReceiptTimes>> => {
  const times = new Map<string, ReceiptTimes>();
  if (own.length === 0) return times;
  for (const { kind, at, ...message } of await tx.stepTimes(me, own))
    times.set(messageKey(message), { ...times.get(messageKey(message)), [kind]: at });
  return times;
};

/** Whether the viewer sees the readers of a message. */
export const seesReaders = ({ userId, membersSeeReaders }: Viewer, receipt: Pick<ReceiptRecord, 'senderId'>): boolean =>
  membersSeeReaders || receipt.senderId === userId;

/**
 * Reads the receipts of group messages: zeros if the viewer may not see the numbers, no entry for a message
 * without receipts.
 */
export const groupReceiptsOf = async (
  tx: ServerReadTx,
  viewer: Viewer,
  messages: readonly MessageKey[],
): Promise<ReadonlyMap<string, GroupReceipt>> => {
  const receipts = new Map<string, GroupReceipt>();
  if (messages.length === 0) return receipts;
  const records = await tx.receiptsIn(messages.map(({ conversationId, seq }) => ({ conversationId, range: [seq, seq] })));
  const counted = records.filter((record) => seesReaders(viewer, record));
  const counts = new Map((counted.length > 0 ? await tx.readCounts(counted) : []).map((one) => [messageKey(one), one.readCount]));
  for (const record of records) {
    const { expired, memberCount } = record;
    const key = messageKey(record);
    receipts.set(
      key,
      seesReaders(viewer, record) ? { readCount: counts.get(key) ?? 0, memberCount, expired } : { readCount: 0, memberCount: 0, expired },
    );
  }
  return receipts;
};

/** Adds receipts to the messages, in the order of the records. */
export const wireMessages = async (
  tx: ServerReadTx,
  viewer: Viewer,
  records: readonly MessageRecord[],
): Promise<readonly { readonly record: MessageRecord; readonly message: WireMessage }[]> => {
  const own = records.filter(({ senderId }) => senderId === viewer.userId);
  const times = await receiptTimesOf(tx, viewer.userId, own);
  const receipts = await groupReceiptsOf(
    tx,
    viewer,
    records.filter(({ receiptRequested, recalled }) => receiptRequested && !recalled),
  );
  return records.map((record) => {
    const key = messageKey(record);
    const known = times.get(key);
    const receipt = receipts.get(key);
    return {
      record,
      message: { ...wireMessageOf(record, viewer.userId), ...(known ? { times: known } : {}), ...(receipt ? { receipt } : {}) },
    };
  });
};
