import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { StreamPort } from '../../../src/bridge/streams.ts';
import type { StreamNews, StreamRequest } from '../../../src/bridge/worker-api.ts';
import { Watching } from '../../../src/client/watching.ts';
import { type Conversation, type FirstPaint, PAINTED_CONVERSATIONS } from '../../../src/model/conversation/conversation.ts';
import type { ListWanted } from '../../../src/model/conversation/list.ts';
import { noTotals, type TotalOptions } from '../../../src/model/conversation/total.ts';

const PAINT: FirstPaint = {
  totals: { ...noTotals(), messages: { direct: 5, group: 2 }, mentions: { direct: 0, group: 1 } },
  conversations: [],
};
const ports: MessagePort[] = [];

/** A worker that answers every watch with `value` after the start by the test. */
const worker = (value: number) => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const asked: number[] = [];
  let answers = false;
  const answer = (): void => {
    if (!answers) return;
    const values = asked.splice(0).map((id) => [id, value] as const);
    if (values.length > 0) port2.postMessage({ values } satisfies StreamNews);
  };
  port2.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    if ('watch' in data) asked.push(data.watch);
    answer();
  };
  return {
    streams: new StreamPort(port1),
    run() {
      answers = true;
      answer();
    },
  };
};

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

it('a page shows the first paint while the worker boots, and then the worker’s value', async () => {
  const { streams, run } = worker(9);
  let started = (): void => undefined;
  const watching = new Watching(streams, Promise.resolve(PAINT), new Promise<void>((resolve) => (started = resolve)));
  const seen = firstValueFrom(watching.watch({ of: 'total-unread' }).pipe(take(2), toArray()));
  setTimeout(() => {
    started();
    run();
  }, 10);
  expect(await seen).toEqual([7, 9]);
});

it('the first paint has each total', async () => {
  const { streams } = worker(9);
  const watching = new Watching(streams, Promise.resolve(PAINT), Promise.reject(new Error('no worker')));
  const shown = (wanted: TotalOptions) => firstValueFrom(watching.watch({ of: 'total-unread', wanted }));
  expect([await shown({ type: 'group' }), await shown({ of: 'mentions' }), await shown({ of: 'mentions', type: 'direct' })]).toEqual([
    2, 1, 0,
  ]);
});

it('a subscriber never sees the first paint once the worker runs', async () => {
  const { streams, run } = worker(9);
  run();
  const watching = new Watching(streams, Promise.resolve(PAINT), Promise.resolve());
  expect(await firstValueFrom(watching.watch({ of: 'total-unread' }))).toBe(9);
});

it('if the worker does not start, the first paint is shown', async () => {
  const { streams } = worker(9);
  const watching = new Watching(streams, Promise.resolve(PAINT), Promise.reject(new Error('no worker')));
  expect(await firstValueFrom(watching.watch({ of: 'total-unread' }))).toBe(7);
});

/** Chats in the order of the list: these many direct ones, all read, then an unread group. */
const paintOf = (direct: number): FirstPaint => {
  const chat = (id: Conversation['id'], unreadCount: number): Conversation => ({
    id,
    type: id.startsWith('group:') ? 'group' : 'direct',
    unreadCount,
    mentionCount: 0,
    exact: true,
    markedUnread: false,
    muted: false,
    archived: false,
    left: false,
    readUpTo: 1,
    latestSeq: 1 + unreadCount,
  });
  const peers = Array.from({ length: direct }, (_, n) => chat(`direct:peer-${n}`, 0));
  return { ...PAINT, conversations: [...peers, chat('group:crew', 1)].slice(0, PAINTED_CONVERSATIONS) };
};

it('the first paint shows a list only if it holds the whole list (F144)', async () => {
  const { streams } = worker(9);
  const shown = (direct: number, wanted: ListWanted): Promise<number | 'waits for the worker'> => {
    const watching = new Watching(streams, Promise.resolve(paintOf(direct)), Promise.reject(new Error('no worker')));
    return Promise.race([
      firstValueFrom(watching.watch({ of: 'conversations', ...wanted })).then((list) => list.length),
      new Promise<'waits for the worker'>((resolve) => setTimeout(resolve, 20, 'waits for the worker')),
    ]);
  };
  const waits = 'waits for the worker';
  // All conversations are painted: every list of them is known.
  expect(await shown(48, { limit: 100 })).toBe(49);
  expect(await shown(48, { limit: 50, type: 'group', unreadOnly: true })).toBe(1);
  // The record is full: only lists that end within it are known.
  expect(await shown(60, { limit: 50 })).toBe(50);
  expect(await shown(60, { limit: 10, type: 'direct' })).toBe(10);
  expect(await shown(60, { limit: 51 })).toBe(waits);
  expect(await shown(60, { limit: 50, unreadOnly: true })).toBe(waits);
  expect(await shown(60, { limit: 1, type: 'group' })).toBe(waits);
});
