/** The shapes of `easemob-websdk` 4.21, for receipts and unread counts only. Some are wider, where the vendor's own samples need wider types. */

export type ChatType = 'singleChat' | 'groupChat' | 'chatRoom';

/** The arguments of the connection; the vendor documents the others. */
export interface ConnectionParameters {
  readonly appKey?: string;
  readonly appId?: string;
  /** True if senders learn that their direct messages are stored on this device. Default false. */
  readonly delivery?: boolean;
  /** The vendor's other options are accepted and have no effect. */
  readonly [option: string]: unknown;
}

interface Sent {
  /** The id of this message or receipt itself. */
  readonly id: string;
  readonly to: string;
  readonly from?: string;
  /** Only in events: 3, no word about the receiver's connection. */
  readonly onlineState?: number;
}

interface Content extends Sent {
  readonly chatType: ChatType;
  readonly ext?: Record<string, unknown>;
  readonly msgConfig?: { readonly allowGroupAck?: boolean };
  /** Epoch ms. */
  readonly time: number;
}

/** A text, in the vendor's shape; the vendor documents the fields. */
export interface TextMessage extends Content {
  readonly type: 'txt';
  readonly msg: string;
}

/** A command, which never counts as unread. The vendor documents the fields. */
export interface CmdMessage extends Content {
  readonly type: 'cmd';
  readonly action: string;
}

/** A message of the app's own kind; the vendor documents the fields. */
export interface CustomMessage extends Content {
  readonly type: 'custom';
  readonly customEvent: string;
  readonly customExts: Record<string, unknown>;
}

/** A message receipt. In an event, `mid` is the id of the message that was read. The vendor documents the other fields. */
export interface ReadMessage extends Sent {
  readonly type: 'read';
  readonly chatType?: ChatType;
  /** The message to acknowledge. Only in created receipts. */
  readonly ackId?: string;
  readonly ackContent?: string;
  readonly mid?: string;
  /** Groups, in an event: by message id, the number of readers of the message. */
  readonly groupReadCount?: Record<string, number>;
}

/** A conversation receipt. The vendor documents the fields. */
export interface ChannelMessage extends Sent {
  readonly type: 'channel';
  readonly chatType: ChatType;
  readonly time: number;
}

/** A delivery receipt; the vendor documents the fields. */
export interface DeliveryMessage extends Sent {
  readonly type: 'delivery';
  readonly ackId?: string;
  readonly mid?: string;
}

/** The messages that users see. */
export type ContentMessage = TextMessage | CmdMessage | CustomMessage;
/** Every message and every receipt that `send` takes. */
export type EasemobMessage = ContentMessage | ReadMessage | ChannelMessage | DeliveryMessage;

/** The answer of `send`; the vendor documents the other fields. */
export interface SendResult {
  readonly localMsgId: string;
  /** Of a message: its final id, also offline, because ids are made here. Of a receipt: empty, because receipts have no id. */
  readonly serverMsgId: string;
  readonly message?: ContentMessage;
}

/** The answer of a question to the server; the vendor documents the fields. */
export interface AsyncResult<T> {
  readonly type: 0;
  readonly data: T;
}

/** A conversation in a list; the vendor documents the fields. Nothing is pinned here. */
export interface ConversationItem {
  readonly conversationId: string;
  readonly conversationType: 'singleChat' | 'groupChat';
  readonly isPinned: boolean;
  readonly pinnedTime: number;
  readonly unReadCount: number;
  readonly lastMessage: ContentMessage | null;
}

/** A conversation, for `localCache`; the vendor documents the fields. */
export interface SessionParams {
  readonly conversationId: string;
  readonly conversationType: 'singleChat' | 'groupChat';
}

/** The app's handlers. EASEMOB.md says what differs; the vendor documents the others. */
export interface EventHandlers {
  onConnected?(): void;
  onDisconnected?(): void;
  onReconnecting?(): void;
  onOfflineMessageSyncStart?(): void;
  onOfflineMessageSyncFinish?(): void;
  onTextMessage?(message: TextMessage): void;
  onCmdMessage?(message: CmdMessage): void;
  onCustomMessage?(message: CustomMessage): void;
  /** Every message but commands. */
  onMessage?(messages: (TextMessage | CustomMessage)[]): void;
  onRecallMessage?(message: { readonly id: string; readonly mid: string; readonly from: string; readonly to: string }): void;
  /** The server has a message or receipt of this device. `id` is the id from `message.create`. */
  onReceivedMessage?(message: { readonly id: string; readonly mid: string; readonly to: string }): void;
  onDeliveredMessage?(message: DeliveryMessage): void;
  onReadMessage?(message: ReadMessage): void;
  onChannelMessage?(message: ChannelMessage): void;
  /** `location` is JSON with `group_ack`: the new read counts of own group messages after this device was offline. */
  onStatisticMessage?(message: { readonly operation: number; readonly location: string }): void;
  onTokenWillExpire?(): void;
  onTokenExpired?(): void;
  onError?(error: { readonly type: number; readonly message: string }): void;
}
