/** Ways to send the changes of counts from a worker to the page; Tidemark's own among them. */
import { proxy, wrap } from 'comlink';
import { StreamPort } from '../../../src/bridge/streams.ts';
import type { Contestant } from '../page/contestant.ts';
import { KEYS, type StreamJob, type StreamWorker, type Way } from './streams-worker.ts';

const by = (way: Way): Contestant => ({
  stream: (changes) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./streams-worker.ts', import.meta.url), { type: 'module' });
      worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`));
      const values = new Map<number, number>();
      const take = (key: number, value: number): void => {
        values.set(key, value);
        if (value === changes - 1) resolve(values);
      };
      if (way === 'comlink' || way === 'comlink-awaited') {
        void wrap<StreamWorker>(worker).stream(way, changes, proxy(take));
        return;
      }
      const { port1, port2 } = new MessageChannel();
      if (way === 'tidemark') {
        const streams = new StreamPort(port1);
        for (let key = 0; key < KEYS; key++)
          streams.watch({ of: 'unread', conversationId: `direct:${key}` }).subscribe((value) => take(key, value));
      } else
        port1.onmessage = ({ data }: MessageEvent<readonly (readonly [number, number])[]>) => {
          for (const [key, value] of data) take(key, value);
        };
      worker.postMessage({ way, changes, port: port2 } satisfies StreamJob, [port2]);
    }),
});

export const comlinkAwaited = by('comlink-awaited');
export const comlink = by('comlink');
export const messages = by('message-each');
export const arrays = by('arrays');
export const conflated = by('conflated');
export const tidemark = by('tidemark');
