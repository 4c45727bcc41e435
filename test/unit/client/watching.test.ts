import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { StreamPort } from '../../../src/bridge/streams.ts';
import type { StreamNews, StreamRequest } from '../../../src/bridge/worker-api.ts';
import { Watching } from '../../../src/client/watching.ts';
import type { FirstPaint } from '../../../src/model/conversation/conversation.ts';
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
