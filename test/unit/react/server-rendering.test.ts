/** The hooks in a page that a server renders. */
import { createElement as h, type FunctionComponent } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, it, vi } from 'vitest';
import { createReceiptClient } from '../../../src/index.ts';
import {
  ReceiptProvider,
  type ReceiptProviderProps,
  useConversations,
  useConversationView,
  useMessages,
  useTotalUnreadCount,
} from '../../../src/react/react.ts';

const options = { url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' };

const App: FunctionComponent<object> = () => {
  const { firstUnread } = useConversationView('direct:bob');
  return JSON.stringify([useTotalUnreadCount(), useMessages('direct:bob'), useConversations(), firstUnread]);
};

afterEach(() => vi.useRealTimers());

it.each([
  ['the options of an account', { options }],
  ['a client of the app', { client: createReceiptClient(options) }],
  ['no account', { options: null }],
])('with %s, a server renders unknown values and leaves no timer (F134)', (_name, props: ReceiptProviderProps) => {
  vi.useFakeTimers();
  expect(renderToString(h(ReceiptProvider, props, h(App, null)))).toBe('[null,null,null,null]');
  expect(vi.getTimerCount()).toBe(0);
});

it('a hook outside of a provider names the provider', () => {
  expect(() => renderToString(h(App, null))).toThrow('outside of a ReceiptProvider');
});
