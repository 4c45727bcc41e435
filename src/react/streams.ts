/**
 * A hook for each stream of the client: `useX` shows `watchX`. The value is undefined while unknown: without an
 * account, on a server, in the first rendering, and before the stream's first value.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { Observable } from 'rxjs';
import type {
  ConnectionStatus,
  Conversation,
  ConversationId,
  DeadLetter,
  Json,
  ListOptions,
  Message,
  MessageId,
  MessageReceipts,
  OutboxStatus,
  ReceiptClient,
  ReceiptEvent,
  ShownReceiptSettings,
  TotalOptions,
} from '../index.ts';
import { useReceiptClient } from './provider.ts';
import { SharedStream } from './shared-stream.ts';
import { unlessEnded } from './unless-ended.ts';

const listenToNothing = (): (() => void) => () => undefined;
const readNothing = (): undefined => undefined;

/** Shows a stream's latest value; undefined without a stream. */
export const useStream = <T>(stream$: Observable<T> | null): T | undefined => {
  const shared = stream$ && SharedStream.of(stream$);
  return useSyncExternalStore<T | undefined>(shared?.listen ?? listenToNothing, shared?.read ?? readNothing, readNothing);
};

const useWatched = <T, Body = Json>(watch: (client: ReceiptClient<Body>) => Observable<T>): T | undefined =>
  useStream(unlessEnded(useReceiptClient<Body>(), watch));

/** @see `watchTotalUnreadCount` */
export const useTotalUnreadCount = (options?: TotalOptions): number | undefined =>
  useWatched((client) => client.watchTotalUnreadCount(options));
/** @see `watchUnreadCount` */
export const useUnreadCount = (conversationId: ConversationId): number | undefined =>
  useWatched((client) => client.watchUnreadCount(conversationId));
/** @see `watchMentionCount` */
export const useMentionCount = (conversationId: ConversationId): number | undefined =>
  useWatched((client) => client.watchMentionCount(conversationId));
/** @see `watchConversations` */
export const useConversations = <Body = Json>(options?: ListOptions): readonly Conversation<Body>[] | undefined =>
  useWatched((client: ReceiptClient<Body>) => client.watchConversations(options));
/** Null for a conversation unknown to the server. @see `watchConversation` */
export const useConversation = <Body = Json>(conversationId: ConversationId): Conversation<Body> | null | undefined =>
  useWatched((client: ReceiptClient<Body>) => client.watchConversation(conversationId));
/** @see `watchMessages` */
export const useMessages = <Body = Json>(
  conversationId: ConversationId,
  options?: { readonly limit?: number },
): readonly Message<Body>[] | undefined => useWatched((client: ReceiptClient<Body>) => client.watchMessages(conversationId, options));
/** Null while this device does not store the message. @see `watchReceipts` */
export const useReceipts = (messageId: MessageId): MessageReceipts | null | undefined =>
  useWatched((client) => client.watchReceipts(messageId));
/** @see `watchReceiptsIn` */
export const useReceiptsIn = (
  conversationId: ConversationId,
  options?: { readonly limit?: number },
): readonly MessageReceipts[] | undefined => useWatched((client) => client.watchReceiptsIn(conversationId, options));
/** @see `watchConnection` */
export const useConnection = (): ConnectionStatus | undefined => useWatched((client) => client.watchConnection());
/** @see `watchOutbox` */
export const useOutbox = (): OutboxStatus | undefined => useWatched((client) => client.watchOutbox());
/** @see `watchDeadLetters` */
export const useDeadLetters = (): readonly DeadLetter[] | undefined => useWatched((client) => client.watchDeadLetters());
/** @see `watchReceiptSettings` */
export const useReceiptSettings = (): ShownReceiptSettings | undefined => useWatched((client) => client.watchReceiptSettings());

/** Calls the newest `handler` once for each event while the component is mounted. @see `watchEvents` */
export const useReceiptEvents = <Body = Json>(handler: (event: ReceiptEvent<Body>) => void): void => {
  const newest = useRef(handler);
  const client = useReceiptClient<Body>();
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => {
    const events = unlessEnded(client, (open) => open.watchEvents());
    return events ? SharedStream.of(events).listen((event) => event && newest.current(event)) : undefined;
  }, [client]);
};
