/** `message.create`: messages and receipts as plain objects, told apart by their type. */
import type {
  ChannelMessage,
  ChatType,
  CmdMessage,
  CustomMessage,
  DeliveryMessage,
  EasemobMessage,
  ReadMessage,
  TextMessage,
} from './types.ts';

interface ToUser {
  readonly to: string;
  readonly from?: string;
}

interface Content extends ToUser {
  readonly chatType: ChatType;
  readonly ext?: Record<string, unknown>;
  readonly msgConfig?: { readonly allowGroupAck?: boolean };
}

export type CreateText = Content & { readonly type: 'txt'; readonly msg: string };
export type CreateCmd = Content & { readonly type: 'cmd'; readonly action: string };
export type CreateCustom = Content & {
  readonly type: 'custom';
  readonly customEvent: string;
  readonly customExts: Record<string, unknown>;
};
/** `id` is the message to acknowledge. */
export type CreateRead = ToUser & {
  readonly type: 'read';
  readonly id: string;
  readonly chatType?: ChatType;
  readonly ackContent?: string;
  readonly msgConfig?: { readonly allowGroupAck?: boolean };
};
export type CreateChannel = ToUser & { readonly type: 'channel'; readonly chatType: ChatType };
export type CreateDelivery = ToUser & { readonly type: 'delivery'; readonly ackId: string };

export interface Create {
  (options: CreateText): TextMessage;
  (options: CreateRead): ReadMessage;
  (options: CreateChannel): ChannelMessage;
  (options: CreateDelivery): DeliveryMessage;
  (options: CreateCmd): CmdMessage;
  (options: CreateCustom): CustomMessage;
}

/** Makes a message or receipt with an id of its own. In a message receipt, the given `id` becomes `ackId`. */
export const createMessage = ((
  options: CreateText | CreateCmd | CreateCustom | CreateRead | CreateChannel | CreateDelivery,
): EasemobMessage => {
  const id = crypto.randomUUID();
  const from = '';
  switch (options.type) {
    case 'read': {
      const { id: ackId, msgConfig: _config, ...rest } = options;
      return { chatType: 'singleChat', ...rest, id, ackId, from };
    }
    case 'delivery':
      return { ...options, id, from };
    default:
      return { ...options, id, from, time: Date.now() };
  }
}) as Create;
