/** The hooks in a real React, in StrictMode: each effect runs twice. */
import { createElement as preactElement } from 'preact/compat';
import { createRoot as createPreactRoot } from 'preact/compat/client';
import { Component, createElement as h, type FunctionComponent, type ReactNode, StrictMode } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FirstUnread, ReceiptClient, ReceiptClientOptions, ReceiptEvent } from '../../src/index.ts';
import { OwnWorkers } from '../../src/client/worker-start/own-workers.ts';
import {
  ReceiptProvider,
  useConnection,
  useConversations,
  useConversationView,
  useMessages,
  useReceiptClient,
  useReceiptEvents,
  useTotalUnreadCount,
  useUnreadCount,
} from '../../src/react/react.ts';
import * as onPreact from '../../src/react/react.ts?preact';
import { Backend, PATIENCE_MS, until } from './backend.ts';

let backend: Backend;
let bob: ReceiptClient;
let container: HTMLElement;
let root: Root;
let workers: number;

beforeEach(async () => {
  backend = await Backend.start(['alice', 'bob', 'carol']);
  bob = await backend.live('bob');
  container = document.createElement('main');
  document.body.append(container);
  root = createRoot(container);
  workers = 0;
});
afterEach(async () => {
  root.unmount();
  container.remove();
  await backend.stop();
});

/** New functions in each call, as an app writes them. */
const account = (userId: string, more: Partial<ReceiptClientOptions> = {}): ReceiptClientOptions => ({
  url: backend.url,
  userId,
  getToken: () => `token-of-${userId}`,
  worker: () => {
    workers++;
    return new OwnWorkers().make();
  },
  ...more,
});

const shows = (text: string): Promise<void> => expect.poll(() => container.textContent, { timeout: PATIENCE_MS }).toBe(text);
/** @param app the app of a logged-in user; null for an app without a user. */
const render = (options: ReceiptClientOptions | null, App: FunctionComponent<object>, onLoggedOut?: (userId: string) => void): void =>
  root.render(h(StrictMode, null, h(ReceiptProvider, { options, ...(onLoggedOut && { onLoggedOut }) }, h(App, null))));

const Unread: FunctionComponent<object> = () => `${useTotalUnreadCount() ?? '-'} unread`;

describe('the hooks for React, in StrictMode', () => {
  it('components show counts, conversations, messages and the connection, from one worker', async () => {
    const App: FunctionComponent<object> = () => {
      const messages = useMessages('direct:bob')?.map(({ body }) => String(body));
      const chats = useConversations({ limit: 10 })?.map(({ id }) => id);
      return [messages ?? '-', chats ?? '-', useUnreadCount('direct:bob') ?? '-', useConnection()?.state ?? '-'].join(' ');
    };
    render(account('alice'), App);
    await bob.sendMessage('direct:alice', 'ahoy');
    await shows('ahoy direct:bob 1 live');
    expect(workers).toBe(1);
  });

  it('a rendering with new functions keeps the client, and the client calls the newest functions', async () => {
    const asked: string[] = [];
    let shown: ReceiptClient | null = null;
    const App: FunctionComponent<object> = () => `${useConnection()?.state ?? '-'}${(shown = useReceiptClient()) ? '' : ''}`;
    const options = (name: string): ReceiptClientOptions =>
      account('alice', {
        getToken: () => {
          asked.push(name);
          return Promise.reject(new Error('no token yet'));
        },
      });
    render(options('first'), App);
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    const before = shown;
    render({ ...options('second'), getToken: () => (asked.push('second'), 'token-of-alice') }, App);
    await shows('live');
    expect([...new Set(asked)]).toEqual(['first', 'second']);
    expect(shown).toBe(before);
    expect(workers).toBe(1);
  });

  it('a component that is mounted later shows the value in its first rendering, also in place of another component', async () => {
    const seen: (number | undefined)[] = [];
    const Late: FunctionComponent<object> = () => {
      const count = useTotalUnreadCount();
      seen.push(count);
      return `${count ?? '-'} late`;
    };
    await bob.sendMessage('direct:alice', 'ahoy');
    render(account('alice'), Unread);
    await shows('1 unread');
    render(account('alice'), Late);
    await shows('1 late');
    expect(new Set(seen)).toEqual(new Set([1]));
  });

  it('after a log-out nothing of the account stays on the screen, and the next user never sees it', async () => {
    const seen: string[] = [];
    let client: ReceiptClient | null = null;
    const loggedOut: string[] = [];
    const App: FunctionComponent<object> = () => {
      client = useReceiptClient() ?? client;
      const line = `${useReceiptClient()?.userId ?? 'none'} ${
        useMessages('direct:bob')
          ?.map(({ body }) => String(body))
          .join(', ') ?? '-'
      }`;
      seen.push(line);
      return line;
    };
    await bob.sendMessage('direct:alice', 'for alice');
    render(account('alice'), App, (userId) => {
      loggedOut.push(userId);
      render(null, App);
    });
    await shows('alice for alice');
    await (client as unknown as ReceiptClient).logOut({ pending: 'discard' });
    await shows('none -');
    expect(loggedOut).toEqual(['alice']);
    expect(() => (client as unknown as ReceiptClient).watchOutbox()).toThrow('was logged out');
    render(account('carol'), App);
    await bob.sendMessage('direct:carol', 'for carol');
    await shows('carol for carol');
    // Without a log-out between them.
    render(account('alice'), App);
    await shows('alice for alice');
    expect(seen.filter((line) => /alice.*for carol|carol.*for alice|none .*for/.test(line))).toEqual([]);
  });

  it('an open conversation is read, its divider stays, and the sender gets the receipt', async () => {
    window.focus();
    await expect.poll(() => document.hasFocus()).toBe(true);
    const places: (FirstUnread | null | undefined)[] = [];
    const Chat: FunctionComponent<object> = () => {
      const { firstUnread } = useConversationView('direct:bob');
      places.push(firstUnread);
      return `${firstUnread?.count ?? '-'} ${useUnreadCount('direct:bob') ?? '-'}`;
    };
    await bob.sendMessage('direct:alice', 'one');
    const second = await bob.sendMessage('direct:alice', 'two');
    render(account('alice'), Unread);
    await shows('2 unread');
    render(account('alice'), Chat);
    await shows('2 0');
    await until(bob.watchReceipts(second.id), (receipts) => receipts?.readAt != null);
    expect(places.filter((place) => place === null)).toEqual([]);
  });

  it('useConversationView refuses an option with an unknown name (F126)', async () => {
    class Boundary extends Component<{ readonly children?: ReactNode }, { readonly said?: string }> {
      override state: { readonly said?: string } = {};
      static getDerivedStateFromError = (error: Error) => ({ said: error.message });
      override render(): ReactNode {
        return this.state.said ?? this.props.children;
      }
    }
    const Chat: FunctionComponent<object> = () => {
      useConversationView('direct:bob', { reciepts: false } as object);
      return 'taken';
    };
    render(account('alice'), () => h(Boundary, null, h(Chat)));
    await shows('viewConversation: unknown option "reciepts"; did you mean "receipts"?');
  });

  it('a handler gets each event once', async () => {
    const events: ReceiptEvent[] = [];
    const App: FunctionComponent<object> = () => {
      useReceiptEvents((event) => events.push(event));
      return useConnection()?.state ?? '-';
    };
    render(account('alice'), App);
    await shows('live');
    for (const text of ['one', 'two']) await bob.sendMessage('direct:alice', text);
    await expect.poll(() => events.filter(({ type }) => type === 'message').length, { timeout: PATIENCE_MS }).toBe(2);
  });

  it('a page that a server rendered is taken over without a difference, and the worker ends with the page', async () => {
    const mistakes: unknown[] = [];
    const app = h(StrictMode, null, h(ReceiptProvider, { options: account('alice') }, h(Unread, null)));
    root.unmount();
    container.innerHTML = '- unread';
    root = hydrateRoot(container, app, { onRecoverableError: (error) => mistakes.push(error) });
    await shows('0 unread');
    expect(mistakes).toEqual([]);
  });

  it('a client that the app closed is reported, with the way out', async () => {
    const errors: string[] = [];
    const listen = (event: ErrorEvent): void => {
      event.preventDefault();
      errors.push(event.message);
    };
    addEventListener('error', listen);
    const client = backend.client('alice');
    const total$ = client.watchTotalUnreadCount();
    // The stream that a component kept from its first rendering.
    await client.close();
    const { SharedStream } = await import('../../src/react/shared-stream.ts');
    const leave = SharedStream.of(total$).listen(() => undefined);
    expect(errors.join()).toContain('In React');
    leave();
    removeEventListener('error', listen);
  });
});

it('the hooks run on Preact, with an alias of `react`: counts, messages, and nothing after a log-out', async () => {
  let client: ReceiptClient | null = null;
  const App = (): string => {
    client = onPreact.useReceiptClient();
    const messages = onPreact.useMessages('direct:bob')?.map(({ body }) => String(body));
    onPreact.useConversationView(null);
    return `${onPreact.useTotalUnreadCount() ?? '-'} ${messages?.join(', ') ?? '-'}`;
  };
  root.unmount();
  // TypeScript does not know of the alias.
  const preactRoot = createPreactRoot(container);
  const make = preactElement as unknown as typeof h;
  preactRoot.render(make(onPreact.ReceiptProvider, { options: account('alice') }, make(App, null)));
  await bob.sendMessage('direct:alice', 'ahoy');
  await shows('1 ahoy');
  await (client as unknown as ReceiptClient).logOut({ pending: 'discard' });
  await shows('- -');
  preactRoot.unmount();
});
