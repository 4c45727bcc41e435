/** The vendor's events from Tidemark's. */
import type { ConnectionStatus, ReceiptEvent } from '../../index.ts';
import { callHandler } from '../call-handler.ts';
import { isConnected } from '../connected.ts';
import { targetOf } from '../conversation-ids.ts';
import { EVENT, TYPES } from './constants.ts';
import { chatErrorOf } from './errors.ts';
import type { LiveMessages } from './live-messages.ts';
import type { EventData, ReadReceipt } from './types.ts';

export type Handler<N extends keyof EventData> = (event: { readonly name: N; readonly data: EventData[N] }) => void;

interface Added {
  readonly handler: unknown;
  readonly context: unknown;
}

/** The app's handlers: any number for each event, in the order of `on`. */
export class Handlers {
  private readonly byName = new Map<string, Added[]>();

  add(name: string, added: Added): void {
    this.byName.set(name, [...(this.byName.get(name) ?? []), added]);
  }

  remove(name: string, handler: unknown): void {
    this.byName.set(
      name,
      (this.byName.get(name) ?? []).filter((added) => added.handler !== handler),
    );
  }

  clear(): void {
    this.byName.clear();
  }

  call<N extends keyof EventData>(name: N, data: EventData[N]): void {
    for (const { handler, context } of this.byName.get(name) ?? [])
      callHandler(() => (handler as Handler<N>).call(context, { name, data }));
  }
}

/** Tells the handlers the news of one log-in. */
export interface News {
  readonly tell: (event: ReceiptEvent) => Promise<void>;
  readonly followConnection: (status: ConnectionStatus) => void;
  /** The token is over: the app logs in again with a new one. */
  readonly kickOut: () => void;
  /** The server does not accept the token. */
  readonly isRefused: () => boolean;
}

type Counted = Pick<Extract<ReceiptEvent, { type: 'groupRead' }>, 'conversationId' | 'messageId' | 'readCount' | 'unreadCount'>;

export const createNews = (handlers: Handlers, live: LiveMessages): News => {
  let state: string | null = null;
  let isRefused = false;

  const receipts = (data: ReadReceipt[]): void => handlers.call(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, data);
  const counted = async (all: readonly Counted[]): Promise<void> => {
    await live.refresh(all.map(({ messageId }) => messageId));
    receipts(
      all.map(({ conversationId, messageId, readCount, unreadCount }) => ({
        groupID: targetOf(conversationId),
        messageID: messageId,
        readCount,
        unreadCount,
      })),
    );
  };
  const kickOut = (): void => handlers.call(EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_USERSIG_EXPIRED });

  return {
    kickOut,
    isRefused: () => isRefused,
    followConnection: (status) => {
      const { error } = status;
      const before = state;
      state = netStateOf(status);
      if (state !== before) handlers.call(EVENT.NET_STATE_CHANGE, { state });
      const wasRefused = isRefused;
      isRefused = error !== null && error.code.startsWith('auth/') && error.code !== 'auth/unavailable';
      if (isRefused && !wasRefused) kickOut();
    },
    tell: async (event) => {
      switch (event.type) {
        case 'message':
          return handlers.call(EVENT.MESSAGE_RECEIVED, await live.show([event.message]));
        case 'sent':
          await live.refresh([event.messageId]);
          return;
        case 'recalled': {
          const messages = await live.refresh([event.messageId]);
          return messages.length > 0 ? handlers.call(EVENT.MESSAGE_REVOKED, messages) : undefined;
        }
        case 'read': {
          if (event.self) return;
          const messages = (await live.refresh(event.messageIds)).filter(({ flow }) => flow === 'out');
          if (messages.length === 0) return;
          if (event.how === 'conversation') return handlers.call(EVENT.MESSAGE_READ_BY_PEER, messages);
          return receipts(messages.map(({ ID }) => ({ userID: event.by, messageID: ID, isPeerRead: true })));
        }
        case 'groupRead':
          return counted([event]);
        case 'receiptStatistics':
          return counted(event.receipts);
        case 'rejected': {
          // The promise of the call is gone, for example after a reload.
          const { code } = event.deadLetter;
          return handlers.call(EVENT.ERROR, chatErrorOf(code, code));
        }
        default:
          return;
      }
    },
  };
};

const netStateOf = (status: ConnectionStatus): string => {
  if (isConnected(status)) return TYPES.NET_STATE_CONNECTED;
  return status.state === 'connecting' ? TYPES.NET_STATE_CONNECTING : TYPES.NET_STATE_DISCONNECTED;
};
