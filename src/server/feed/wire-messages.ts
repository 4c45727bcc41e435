/** Messages as one of their readers is given them: with what came of their receipts so far, as far as that reader may see it (I-10). */
import type { UserId } from '../../model/ids.ts';
import type { GroupReceipt, ReceiptTimes } from '../../model/receipt.ts';
import type { WireMessage } from '../../protocol/changes.ts';
import type { ReceiptRecord } from '../store/receipt-records.ts';
import type { MessageRecord, MessageKey, ServerReadTx } from '../store/server-store.ts';
import { messageOf } from './summary-rows.ts';

/** Who looks, and whether every member of a group sees what readers told its senders. */
export interface Viewer {
  readonly userId: UserId;
  readonly membersSeeReaders: boolean;
}

export const messageKey = ({ conversationId, seq }: MessageKey): string => `${conversationId} ${seq}`;

/** Own direct messages: when each receipt first came. */
export const receiptTimesOf = async (
  tx: ServerReadTx,
  me: UserId,
  own: readonly MessageKey[],
): Promise<ReadonlyMap<string, ReceiptTimes>> => {
  const times = new Map<string, ReceiptTimes>();
  if (own.length === 0) return times;
  for (const { kind, at, ...place } of await tx.stepTimes(me, own))
    times.set(messageKey(place), { ...times.get(messageKey(place)), [kind]: at });
  return times;
};

/** Whether this reader sees who has read it. */
export const seesReaders = ({ userId, membersSeeReaders }: Viewer, receipt: Pick<ReceiptRecord, 'senderId'>): boolean =>
  membersSeeReaders || receipt.senderId === userId;

/** What came of the receipts of group messages: zeros where the viewer may not see it, nothing where none were asked for. */
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

/** In the order of the records. */
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
    return { record, message: { ...messageOf(record), ...(known ? { times: known } : {}), ...(receipt ? { receipt } : {}) } };
  });
};
