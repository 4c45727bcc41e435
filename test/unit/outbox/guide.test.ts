/** The code of OUTBOX.md, word for word: a copy of the code runs. */
import 'fake-indexeddb/auto';
import { readFileSync } from 'node:fs';
import { BehaviorSubject, filter, firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { streamOutbox } from '../../../src/outbox/adapters/stream-chat.ts';
import { createReceiptOutbox, type ReceiptOutbox, ReceiptRefused } from '../../../src/outbox/outbox.ts';

const guide = readFileSync(new URL('../../../src/outbox/OUTBOX.md', import.meta.url), 'utf8');
const [first, second] = [...guide.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code!.replace(/^import .*$/gm, ''));

/** Runs the code with these names in scope, and returns the value of `result`. */
const run = (code: string, names: Record<string, unknown>, result: string): Promise<Record<string, unknown>> =>
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function(...Object.keys(names), `return (async () => {${code};return ${result}})()`)(...Object.values(names)) as Promise<
    Record<string, unknown>
  >;

/** One tab of a browser: Node has no locks and no events of a window. */
beforeAll(() => {
  const request = (_: string, __: object, granted: (lock: object) => unknown): Promise<unknown> => Promise.resolve(granted({}));
  vi.stubGlobal('navigator', { locks: { request } });
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

const untilPending = (outbox: ReceiptOutbox, count: number) =>
  firstValueFrom(outbox.watchPending().pipe(filter(({ conversations }) => conversations === count)));

it.each([
  ['texts', (ms: number) => new Date(ms).toISOString()],
  ['dates', (ms: number) => new Date(ms)],
])('two messages of a second, read offline before and after a restart, are the newest one’s request; times are %s', async (_, at) => {
  const posts: object[] = [];
  const connections: ((event: object) => void)[] = [];
  const client = {
    baseURL: 'https://chat.example',
    wsConnection: null,
    post: (url: string, body: object) => Promise.resolve(posts.push({ url, ...body })),
    on: (_event: string, listener: (event: object) => void) => ({ unsubscribe: () => undefined, it: connections.push(listener) }),
  };
  const [older, newest] = [
    { id: 'm1', created_at: at(5100) },
    { id: 'm2', created_at: at(5900) },
  ];
  const StreamChat = { getInstance: () => client };
  const channel = { cid: 'messaging:crew', countUnread: () => 2 };
  const opened = async (message: object) => {
    const names = { StreamChat, createReceiptOutbox, streamOutbox, channel, message, newest };
    return (await run(first!, names, '{ outbox, badge }')) as unknown as { outbox: ReceiptOutbox; badge: number };
  };
  const before = await opened(older);
  before.outbox.close();
  const after = await opened(newest);
  expect([before.badge, after.badge]).toEqual([2, 0]);
  connections.at(-1)!({ online: true });
  await untilPending(after.outbox, 0);
  expect(posts).toEqual([{ url: 'https://chat.example/channels/messaging/crew/read', message_id: 'm2' }]);
  await after.outbox.wipe();
  after.outbox.close();
});

it('the outbox of the guide’s own adapter sends, tries again, keeps a refusal as a dead letter, and waits while offline', async () => {
  const isOnline = new BehaviorSubject(false);
  const requests: unknown[] = [];
  const answers = [200, 503, 403].map((status) => ({ status, ok: status === 200 }));
  const mySdk = {
    markRead: (request: object) => {
      requests.push(request);
      return Promise.resolve(answers.shift() ?? { status: 200, ok: true });
    },
    onConnection(listener: (state: string) => void) {
      const subscription = isOnline.subscribe((online) => listener(online ? 'online' : 'offline'));
      return () => subscription.unsubscribe();
    },
    get isOnline() {
      return isOnline.value;
    },
  };
  const names = { createReceiptOutbox, ReceiptRefused, mySdk, userId: crypto.randomUUID() };
  const { outbox } = (await run(second!, names, '{ outbox }')) as unknown as { outbox: ReceiptOutbox };
  await outbox.read('crew', ['m1', 'm2', 'm1']);
  await outbox.readConversation('crew', { upTo: { id: 'm2', order: 2 } });
  expect(requests).toEqual([]);
  isOnline.next(true);
  await untilPending(outbox, 0);
  expect(requests).toEqual([{ conversation: 'crew', ids: ['m1', 'm2'], upTo: 'm2' }]);
  await outbox.readConversation('ben', { upTo: { id: 'm9', order: 9 } });
  // The answer 503 is tried again, and the next answer 403 is for good.
  await untilPending(outbox, 0);
  expect(requests.slice(1)).toEqual(Array.from({ length: 2 }, () => ({ conversation: 'ben', ids: [], upTo: 'm9' })));
  const letters = await firstValueFrom(outbox.watchDeadLetters().pipe(filter(({ length }) => length > 0)));
  expect(letters).toMatchObject([{ code: 'forbidden', receipts: { conversation: 'ben' } }]);
  outbox.close();
});
