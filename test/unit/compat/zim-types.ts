/**
 * Code that was written against the vendor's declarations compiles against the facade. The compiler is the test: `npm run types` reads
 * this file, and nothing runs it.
 */
import type { ZIM as VendorZIM, ZIMMessageReceiptInfo as VendorReceipt } from 'zego-zim-web';
import type { ZIM, ZIMEvents } from '../../../src/compat/zim/zim.ts';

/** The vendor's calls for receipts and counts. The vendor's promises resolve with more than receipts need, so the results are compared below. */
type Call =
  | 'sendMessageReceiptsRead'
  | 'sendConversationMessageReceiptRead'
  | 'queryMessageReceiptsInfo'
  | 'queryGroupMessageReceiptReadMemberList'
  | 'queryGroupMessageReceiptUnreadMemberList'
  | 'clearConversationUnreadMessageCount'
  | 'clearConversationTotalUnreadMessageCount'
  | 'queryConversationTotalUnreadMessageCount';
type Accepts = { readonly [K in Call]: (...args: Parameters<VendorZIM[K]>) => Promise<unknown> };

/** Every argument that the vendor takes, the facade takes. */
export const accepts = (zim: ZIM): Accepts => zim;

/** An app's listener for the vendor's event takes the facade's event. */
export const receiptsOf = (data: ZIMEvents['messageReceiptChanged']): readonly Omit<VendorReceipt, 'status' | 'conversationType'>[] =>
  data.infos;

export const results = async (zim: ZIM): Promise<void> => {
  const sent: Pick<
    Awaited<ReturnType<VendorZIM['sendMessageReceiptsRead']>>,
    'conversationID' | 'errorMessageIDs'
  > = await zim.sendMessageReceiptsRead([], 'userId', 0);
  const total: Awaited<ReturnType<VendorZIM['queryConversationTotalUnreadMessageCount']>> =
    await zim.queryConversationTotalUnreadMessageCount({
      conversationTypes: [],
      marks: [],
    });
  void [sent, total];
};
