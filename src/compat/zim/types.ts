/** The enumerations and shapes of `zego-zim-web` 2.29, for receipts and unread counts only. */

/** The vendor's constants for kinds of conversations. */
export const ZIMConversationType = { Unknown: -1, Peer: 0, Room: 1, Group: 2, CommunityChannel: 3 } as const;
/** The vendor's constants for states of receipts. */
export const ZIMMessageReceiptStatus = { Unknown: -1, None: 0, Processing: 1, Done: 2, Expired: 3, Failed: 4 } as const;
/** The vendor's constants for states of sending. */
export const ZIMMessageSentStatus = { Sending: 0, Success: 1, Failed: 2 } as const;
/** The vendor's constants for directions of messages. */
export const ZIMMessageDirection = { Send: 0, Receive: 1 } as const;
/** The vendor's constants for kinds of messages, as far as the facade knows them. */
export const ZIMMessageType = { Unknown: 0, Text: 1, Custom: 200 } as const;
/** The vendor's constants for states of the connection. */
export const ZIMConnectionState = { Disconnected: 0, Connecting: 1, Connected: 2, Reconnecting: 3 } as const;
/** The vendor's constants for reasons of such a state. */
export const ZIMConnectionEvent = {
  Success: 0,
  ActiveLogin: 1,
  LoginTimeout: 2,
  LoginInterrupted: 3,
  KickedOut: 4,
  TokenExpired: 5,
} as const;
/** The vendor's constants for changes of a conversation. */
export const ZIMConversationEvent = { Added: 0, Updated: 1 } as const;
const NOTIFY = { Notify: 1, DoNotDisturb: 2 } as const;
/** The vendor's constants for muted conversations. */
export const ZIMConversationNotificationStatus = NOTIFY;

/** Of a message made by the app, this facade reads `type` and the content only. The vendor documents the other fields. */
export interface ZIMMessage {
  readonly type: number;
  readonly message?: string;
  readonly extendedData?: string;
  /** Of a custom message, by the app. */
  readonly subType?: number;
  readonly messageID?: string;
  readonly localMessageID?: string;
  readonly messageSeq?: number;
  readonly senderUserID?: string;
  readonly conversationID?: string;
  readonly conversationType?: number;
  readonly direction?: number;
  readonly sentStatus?: number;
  /** Epoch ms. */
  readonly timestamp?: number;
  readonly orderKey?: number;
  readonly receiptStatus?: number;
  readonly mentionedUserIDs?: string[];
  readonly isMentionAll?: boolean;
}

/** The options of `sendMessage`; the vendor documents the other fields. */
export interface ZIMMessageSendConfig {
  readonly priority: number;
  /** True if the sender wants receipts. Default false. */
  readonly hasReceipt?: boolean;
  /** True if the message does not count as unread. Default false. */
  readonly disableUnreadMessageCount?: boolean;
}

/** The receipts of a message; the vendor documents the other fields. */
export interface ZIMMessageReceiptInfo {
  readonly status: number;
  readonly messageID: string;
  readonly conversationID: string;
  readonly conversationType: number;
  readonly readMemberCount: number;
  readonly unreadMemberCount: number;
  /** True if another device of this user sent the receipt. */
  readonly isSelfOperated: boolean;
  /** Epoch ms; 0 if unknown. */
  readonly readTime: number;
}

/** A conversation in a list; the vendor documents the other fields. */
export interface ZIMConversation {
  readonly conversationID: string;
  readonly type: number;
  /** Names, pictures and pins are not covered: empty, 0 or false. */
  readonly conversationName: string;
  readonly conversationAvatarUrl: string;
  readonly conversationAlias: string;
  readonly notificationStatus: number;
  readonly unreadMessageCount: number;
  readonly readMessageSeq: number;
  readonly lastMessage?: ZIMMessage;
  readonly orderKey: number;
  readonly isPinned: boolean;
  readonly pinnedTime: number;
  readonly mentionedInfoList: never[];
  readonly marks: number[];
  readonly draft: string;
}

/** A user; the vendor documents the other fields. */
export interface ZIMUser {
  readonly userID: string;
  /** Names are not covered: empty. */
  readonly userName: string;
}

interface MessagesReceived {
  readonly messageList: ZIMMessage[];
  readonly conversationID: string;
  readonly fromConversationID: string;
  readonly info: { readonly isOfflineMessage: boolean };
}

/** The second argument of each listener, after the ZIM object. The vendor documents the events and their fields. */
export interface ZIMEvents {
  error: { readonly code: number; readonly message: string };
  tokenWillExpire: { readonly second: number };
  connectionStateChanged: { readonly state: number; readonly event: number; readonly extendedData: string };
  conversationChanged: { readonly infoList: { readonly event: number; readonly conversation: ZIMConversation }[] };
  conversationTotalUnreadMessageCountUpdated: { readonly totalUnreadMessageCount: number };
  conversationMessageReceiptChanged: { readonly infos: ZIMMessageReceiptInfo[] };
  messageReceiptChanged: { readonly infos: ZIMMessageReceiptInfo[] };
  messageSentStatusChanged: { readonly infos: { readonly status: number; readonly message: ZIMMessage; readonly reason: string }[] };
  messageRevokeReceived: { readonly messageList: ZIMMessage[] };
  peerMessageReceived: MessagesReceived;
  groupMessageReceived: MessagesReceived;
}

/** Tells the app an event. */
export type Tell = <K extends keyof ZIMEvents>(type: K, data: ZIMEvents[K]) => void;
