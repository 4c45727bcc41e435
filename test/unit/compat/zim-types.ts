/**
 * Code that was written against the vendor's declarations compiles against the facade. The compiler is the test: `npm run types` reads
 * this file, and nothing runs it.
 */
import type { ZIM as VendorZIM, ZIMEventHandler } from 'zego-zim-web';
import type { ZIM, ZIMEvents } from '../../../src/compat/zim/zim.ts';

/** The vendor's calls whose results the facade has in full. */
type Call =
  | 'login'
  | 'logout'
  | 'destroy'
  | 'renewToken'
  | 'sendMessage'
  | 'sendMessageReceiptsRead'
  | 'sendConversationMessageReceiptRead'
  | 'queryMessageReceiptsInfo'
  | 'clearConversationUnreadMessageCount'
  | 'clearConversationTotalUnreadMessageCount'
  | 'queryConversationTotalUnreadMessageCount'
  | 'queryConversationList'
  | 'queryHistoryMessage'
  | 'revokeMessage';
type InFull = { readonly [K in Call]: (...args: Parameters<VendorZIM[K]>) => ReturnType<VendorZIM[K]> };

/** Of a member the facade knows the id; the vendor declares pictures, roles and more. */
type Members = 'queryGroupMessageReceiptReadMemberList' | 'queryGroupMessageReceiptUnreadMemberList';
type MembersPage = Omit<Awaited<ReturnType<VendorZIM[Members]>>, 'userList'> & { readonly userList: { userID: string }[] };
type ByMember = { readonly [K in Members]: (...args: Parameters<VendorZIM[K]>) => Promise<MembersPage> };

/** Every argument that the vendor takes, the facade takes, and the app reads the results as the vendor's. */
export const asVendor = (zim: ZIM): InFull & ByMember => zim;

/** Of a recalled message the facade has the message; the vendor declares who recalled it and why. */
type Heard = Exclude<keyof ZIMEvents & keyof ZIMEventHandler, 'messageRevokeReceived'>;

/** A listener that an app wrote for the vendor's event takes the facade's event. */
export const listenersOf = (listeners: {
  readonly [K in Heard]: (data: Parameters<ZIMEventHandler[K]>[1]) => void;
}): { readonly [K in Heard]: (data: ZIMEvents[K]) => void } => listeners;

/** Every event of the facade is one of the vendor's. */
export const names = (name: keyof ZIMEvents): keyof ZIMEventHandler => name;
