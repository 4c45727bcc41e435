'use client';
/** The entry point for apps with React 18 and 19, and with Preact by its `preact/compat`. */
export { ReceiptProvider, type ReceiptProviderProps, useReceiptClient } from './provider.ts';
export {
  useConnection,
  useConversation,
  useConversations,
  useDeadLetters,
  useMentionCount,
  useMessages,
  useOutbox,
  useReceiptEvents,
  useReceipts,
  useReceiptSettings,
  useReceiptsIn,
  useTotalUnreadCount,
  useUnreadCount,
} from './streams.ts';
export { type ShownConversation, useConversationView } from './view.ts';
