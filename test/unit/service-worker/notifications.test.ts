/** The notifications of an account: their tags, when they close, the reports to the app, and the effects of a click. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notificationTag, readNotificationTag } from '../../../src/model/notification-tag.ts';
import { declarativePush } from '../../../src/server/push/declarative-push.ts';
import type { MessageContext, WindowOfApp } from '../../../src/service-worker/index.ts';
import { DATABASE, PLAIN, PushBench } from '../../support/push-bench.ts';
import { LOG_HEADER_KEY, type LogHeader } from '../../../src/log/tables.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { browserClock } from '../../../src/platform/browser-ports.ts';

const asTitle = ({ body }: { body: unknown }) => ({ title: String(body) });

describe('the tag of a notification', () => {
  it('a tag is read back to account, conversation and message, for any ids', () => {
    for (const [user, conversation] of [
      ['alice', 'direct:bob'],
      ['a:b', 'group::c:%3A'],
      ['\u{1F30A} "', 'direct:€ tidemark:'],
    ] as const)
      expect(readNotificationTag(notificationTag(user, conversation, 12))).toEqual({ userId: user, conversationId: conversation, seq: 12 });
    expect(notificationTag('alice', 'direct:bob', 12)).toBe('tidemark:alice:direct%3Abob:12');
  });

  it('a tag of the app is not read as a tag of the library', () => {
    for (const tag of [
      '',
      'tidemark',
      'mine',
      'tidemark:',
      'tidemark:a:direct%3Ab',
      'tidemark:a:direct%3Ab:0',
      'tidemark:a:b:1',
      'tidemark:a:direct%3Ab:1:2',
      'tidemark:%:direct%3Ab:1',
      'mine:a:direct%3Ab:1',
    ])
      expect([tag, readNotificationTag(tag)]).toEqual([tag, null]);
    expect(readNotificationTag('tidemark:alice')).toEqual({ userId: 'alice', conversationId: null, seq: null });
  });
});

describe('the notifications of an account', () => {
  let bench: PushBench;
  beforeEach(async () => {
    bench = await PushBench.start();
  });
  afterEach(() => bench.end());

  const titles = (): string[] => bench.scope.shown.map(({ title }) => title);
  /** Runs work of another device of alice, until the server knows the result. */
  const elsewhere = async (act: (tab: Awaited<ReturnType<PushBench['open']>>) => Promise<unknown>): Promise<void> => {
    const tab = await bench.open('alice');
    await tab.until({ of: 'total-unread' }, (total) => total > 0);
    await act(tab);
    await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  };

  it('a message read on another device has its notification closed at the next push, and a newer notification stays', async () => {
    await bench.push(await bench.pushOf('one'), asTitle);
    await bench.push(await bench.pushOf('two'), asTitle);
    expect(titles()).toEqual(['one', 'two']);
    await elsewhere((tab) => tab.do('clearConversationUnreadCount', 'direct:bob'));
    await bench.push(await bench.pushOf('three'), asTitle);
    expect(titles()).toEqual(['three']);
  });

  it('an acknowledged or recalled message has its notification closed, and the others stay', async () => {
    const first = await bench.pushOf('one');
    await bench.push(first, asTitle);
    const second = await bench.pushOf('two');
    await bench.push(second, asTitle);
    await bench.push(await bench.pushOf('three'), asTitle);
    await bench.bob.do('recallMessage', second.message.id);
    await bench.bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await elsewhere((tab) => tab.do('sendReadReceipts', 'direct:bob', [first.message.id]));
    await bench.push(await bench.pushOf('four'), asTitle);
    expect(titles()).toEqual(['three', 'four']);
  });

  it('only certain knowledge closes a notification: without a network, a message above its row stays shown', async () => {
    await bench.push(await bench.pushOf('one'), asTitle);
    await elsewhere((tab) => tab.do('clearConversationUnreadCount', 'direct:bob'));
    bench.isReachable = false;
    const second = await bench.pushOf('two');
    await bench.push(second, ({ seq }) => ({ title: `message ${seq}` }));
    expect(titles()).toEqual(['one', 'message 2']);
    // The device has heard of the read now.
    bench.isReachable = true;
    await bench.push(second, asTitle);
    expect(titles()).toEqual(['two']);
  });

  it('notifications of other accounts, and notifications with a tag of the app, stay', async () => {
    const { registration } = bench.scope;
    await registration.showNotification('of zoe', { tag: notificationTag('zoe', 'direct:bob', 1) });
    await bench.push(await bench.pushOf('one'), () => ({ title: 'own tag', options: { tag: 'mine' } }));
    await elsewhere((tab) => tab.do('clearConversationUnreadCount', 'direct:bob'));
    await bench.push(await bench.pushOf('two'), asTitle);
    expect(titles()).toEqual(['of zoe', 'own tag', 'two']);
  });

  it('with replacesOlder, the newest notification stands for the conversation, also if the pushes change places', async () => {
    const pushes = [await bench.pushOf('one'), await bench.pushOf('two'), await bench.pushOf('three')];
    for (const n of [0, 2, 1]) await bench.push(pushes[n]!, ({ body }) => ({ title: String(body), replacesOlder: true }));
    expect(titles()).toEqual(['three']);
    expect(bench.scope.calls).toHaveLength(3);
  });

  it('a wake-up after a log-out with kept data closes all notifications of the account, and shows no name', async () => {
    await bench.push(await bench.pushOf('one'), asTitle);
    await bench.scope.registration.showNotification('of zoe', { tag: notificationTag('zoe', 'direct:bob', 1) });
    // The log-out of a page, recorded in the store.
    const store = await openDiskStore(DATABASE, { clock: browserClock });
    await store.tx('log-out', ['meta'], 'readwrite', 'strict', async (tx) => {
      const header = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader;
      tx.put('meta', LOG_HEADER_KEY, { ...header, ended: 'kept' } satisfies LogHeader);
    });
    store.close();
    await bench.push(await bench.pushOf('two'), asTitle);
    expect(titles()).toEqual(['of zoe', PLAIN.title]);
  });

  it('the app learns the counts with this message, its mentions, and whether a window is visible and focused', async () => {
    const seen: MessageContext[] = [];
    const note = (_: unknown, context: MessageContext): null => {
      seen.push(context);
      return null;
    };
    const window: WindowOfApp = {
      url: '',
      visibilityState: 'visible',
      focused: false,
      focus: async () => undefined,
      navigate: async () => undefined,
    };
    bench.scope.windows = [{ ...window, visibilityState: 'hidden' }, window];
    await bench.push(await bench.pushOf('one'), note);
    bench.scope.windows = [{ ...window, focused: true }];
    await bench.world.until(bench.world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    await bench.push(await bench.pushOf('hi', 'group:crew', ['alice']), note);
    bench.scope.windows = [];
    bench.isReachable = false;
    await bench.push(await bench.pushOf('two'), note);
    expect(seen).toEqual([
      { userId: 'alice', muted: false, visible: true, focused: false, unread: 1, mentions: 0, totalUnreadCount: 1 },
      { userId: 'alice', muted: false, visible: true, focused: true, unread: 1, mentions: 1, totalUnreadCount: 2 },
      { userId: 'alice', muted: false, visible: false, focused: false, unread: 2, mentions: 0, totalUnreadCount: 3 },
    ]);
  });

  it('a declarative push is taken also if the browser brings only its notification, and the address stays with the shown notification', async () => {
    const declared = declarativePush(await bench.pushOf('one'), { title: 'Chat', navigate: 'https://app.example/#bob' });
    bench.install({ notification: asTitle });
    await bench.scope.dispatch('push', { data: null, notification: declared.notification });
    const { tag } = declared.notification;
    expect(bench.scope.calls).toEqual([{ title: 'one', options: { navigate: 'https://app.example/#bob', tag } }]);
    // Other browsers bring the whole text.
    await bench.push(declared, () => null);
    expect(bench.scope.calls.at(-1)).toEqual(PLAIN);
  });
});

describe('a click on a notification', () => {
  let bench: PushBench;
  let done: string[];
  beforeEach(async () => {
    bench = await PushBench.start();
    done = [];
  });
  afterEach(() => bench.end());

  const window = (path: string, more: Partial<WindowOfApp> = {}): WindowOfApp => ({
    url: `https://app.example/${path}`,
    visibilityState: 'hidden',
    focused: false,
    focus: async () => done.push(`focus ${path}`),
    navigate: async (to) => done.push(`${path} to ${to}`),
    ...more,
  });
  const click = async (tag = notificationTag('alice', 'direct:bob', 1)): Promise<void> => {
    bench.install({ addressOf: ({ conversationId }) => `/#${conversationId ?? 'all'}` });
    await bench.scope.dispatch('notificationclick', { notification: { tag, close: () => done.push('closed') } });
    done.push(...bench.scope.opened);
  };

  it('a click focuses the window of the conversation', async () => {
    bench.scope.windows = [window('', { focused: true }), window('#direct:bob')];
    await click();
    expect(done).toEqual(['closed', 'focus #direct:bob']);
  });

  it('a click leads another window of the app to the conversation: the focused one, else a visible one', async () => {
    bench.scope.windows = [window('a'), window('b', { visibilityState: 'visible' })];
    await click();
    expect(done).toEqual(['closed', 'focus b', 'b to https://app.example/#direct:bob']);
  });

  it('a click opens a window if no window is open, or if the browser refuses to lead the open window', async () => {
    await click();
    expect(done.splice(0)).toEqual(['closed', 'https://app.example/#direct:bob']);
    bench.scope.opened.length = 0;
    bench.scope.windows = [window('a', { navigate: () => Promise.reject(new TypeError('not controlled')) })];
    await click('tidemark:alice');
    expect(done).toEqual(['closed', 'focus a', 'https://app.example/#all']);
  });

  it('a click on another notification, and any click without addressOf, is left to the app', async () => {
    await click('mine');
    bench.install();
    expect(bench.scope.listeners.has('notificationclick')).toBe(false);
    expect(done).toEqual([]);
  });
});
