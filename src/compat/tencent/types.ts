/** The shapes of `@tencentcloud/chat` 3.6, for receipts and unread counts only. */

/** The receipts of a message; the vendor documents the other fields. */
export interface ReadReceiptInfo {
  /** Direct chats: the peer has sent a receipt for this message. */
  isPeerRead: boolean | undefined;
  readCount: number | undefined;
  unreadCount: number | undefined;
  /** When the peer has read the message, in seconds; 0 if unknown. */
  timestamp: number;
}

/** The only object of a message. The facade changes the object before the event. The vendor documents the fields. */
export interface Message {
  readonly ID: string;
  type: string;
  payload: unknown;
  conversationID: string;
  conversationType: string;
  from: string;
  to: string;
  flow: 'in' | 'out';
  /** Seconds. */
  time: number;
  sequence: number;
  random: number;
  status: 'unSend' | 'success' | 'fail';
  isRevoked: boolean;
  /** The peer has called `setMessageRead` since. */
  isPeerRead: boolean;
  needReadReceipt: boolean;
  readReceiptInfo: ReadReceiptInfo;
  cloudCustomData: string;
}

/** A conversation in a list; the vendor documents the fields. */
export interface Conversation {
  readonly conversationID: string;
  readonly type: string;
  readonly unreadCount: number;
  readonly lastMessage: {
    readonly lastTime: number;
    readonly lastSequence: number;
    readonly fromAccount: string;
    readonly messageForShow: string;
    readonly type: string;
    readonly payload: unknown;
    readonly isRevoked: boolean;
    readonly isPeerRead: boolean;
  };
  readonly groupAtInfoList: { readonly groupID: string; readonly atTypeArray: number[] }[];
  readonly messageRemindType: string;
  readonly markList: number[];
}

/** A receipt in an event; the vendor documents the fields. */
export interface ReadReceipt {
  readonly messageID: string;
  readonly userID?: string;
  readonly groupID?: string;
  readonly isPeerRead?: boolean;
  readonly readCount?: number;
  readonly unreadCount?: number;
}

/** The result of every call. The vendor documents the fields. */
export interface Response<T = object> {
  readonly code: 0;
  readonly data: T;
}

/** The `data` of each event, by the values of `EVENT`. The vendor documents the events. */
export interface EventData {
  readonly sdkStateReady: undefined;
  readonly sdkStateNotReady: undefined;
  readonly sdkDestroy: undefined;
  readonly onMessageReceived: Message[];
  readonly onMessageRevoked: Message[];
  readonly onMessageReadByPeer: Message[];
  readonly onMessageReadReceiptReceived: ReadReceipt[];
  readonly onConversationListUpdated: Conversation[];
  readonly onTotalUnreadMessageCountUpdated: number;
  readonly kickedOut: { readonly type: string };
  readonly error: { readonly code: number; readonly message: string };
  readonly netStateChange: { readonly state: string };
}

/** Handles an event. */
export type Handler<N extends keyof EventData> = (event: { readonly name: N; readonly data: EventData[N] }) => void;

/** Tells the app an event. */
export type Tell = <N extends keyof EventData>(name: N, data: EventData[N]) => void;

/** The arguments of `createTextMessage`; the vendor documents the fields. */
export interface MessageOptions {
  readonly to: string;
  readonly conversationType: string | number;
  readonly payload: { readonly text: string };
  readonly needReadReceipt?: boolean;
  readonly cloudCustomData?: string;
}

/** The options of `sendMessage`; the vendor documents the fields. */
export interface SendMessageOptions {
  readonly onlineUserOnly?: boolean;
  readonly messageControlInfo?: { readonly excludedFromUnreadCount?: boolean; readonly excludedFromLastMessage?: boolean };
}

/** The fields a call reads: the message may have the vendor's type. The vendor documents the fields. */
export interface MessageRef {
  readonly ID: string;
  readonly conversationID: string;
  readonly flow: string;
  readonly needReadReceipt: boolean;
}

/** The conditions of `getConversationList`; the vendor documents the fields. */
export interface ConversationFilter {
  readonly type?: string | number;
  readonly markType?: number;
  readonly groupName?: string;
  readonly hasUnreadCount?: boolean;
  readonly hasGroupAtInfo?: boolean;
}

/** The arguments of `getGroupMessageReadMemberList`; the vendor documents the other fields. */
export interface MembersOptions {
  readonly message: Pick<MessageRef, 'ID'>;
  /** `''` asks for the first page. */
  readonly cursor: string;
  /** 0: readers; 1: other members. */
  readonly filter: number;
  readonly count: number;
}

/** A page of readers or of other members; the vendor documents the fields. */
export interface MembersPage {
  readonly messageID: string;
  readonly cursor: string;
  readonly isCompleted: boolean;
  readonly readUserIDList: string[];
  readonly unreadUserIDList: string[];
}
