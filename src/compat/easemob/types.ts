/** The shapes of `easemob-websdk` 4.21, for receipts and unread counts only. Some are wider, where the vendor's own samples need wider types. */

export type ChatType = 'singleChat' | 'groupChat' | 'chatRoom';

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

export interface TextMessage extends Content {
  readonly type: 'txt';
  readonly msg: string;
}

/** A command, which never counts as unread. */
export interface CmdMessage extends Content {
  readonly type: 'cmd';
  readonly action: string;
}

export interface CustomMessage extends Content {
  readonly type: 'custom';
  readonly customEvent: string;
  readonly customExts: Record<string, unknown>;
}

/** A message receipt. In an event, `mid` is the id of the message that was read. */
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

/** A conversation receipt. */
export interface ChannelMessage extends Sent {
  readonly type: 'channel';
  readonly chatType: ChatType;
  readonly time: number;
}

export interface DeliveryMessage extends Sent {
  readonly type: 'delivery';
  readonly ackId?: string;
  readonly mid?: string;
}

export type ContentMessage = TextMessage | CmdMessage | CustomMessage;
export type EasemobMessage = ContentMessage | ReadMessage | ChannelMessage | DeliveryMessage;

export interface SendResult {
  readonly localMsgId: string;
  /** Of a message: its final id, also offline, because ids are made here. Of a receipt: empty, because receipts have no id. */
  readonly serverMsgId: string;
  readonly message?: ContentMessage;
}

export interface AsyncResult<T> {
  readonly type: 0;
  readonly data: T;
}

export interface ConversationItem {
  readonly conversationId: string;
  readonly conversationType: 'singleChat' | 'groupChat';
  readonly isPinned: boolean;
  readonly pinnedTime: number;
  readonly unReadCount: number;
  readonly lastMessage: ContentMessage | null;
}

export interface SessionParams {
  readonly conversationId: string;
  readonly conversationType: 'singleChat' | 'groupChat';
}

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
