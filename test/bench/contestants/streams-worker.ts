/** The worker's side of the ways to send changes: 1,000 changes in each turn, of 1,000 keys. */
import { expose } from 'comlink';
import { serveStreams } from '../../../src/bridge/serve-streams.ts';
import { ObservableValue } from '../../../src/model/observable-value.ts';

export type Way = 'comlink-awaited' | 'comlink' | 'message-each' | 'arrays' | 'conflated' | 'tidemark';

export interface StreamJob {
  readonly way: Way;
  readonly changes: number;
  readonly port: MessagePort;
}

export const KEYS = 1000;
const PER_TURN = 1000;
const FRAME_MS = 16;

const pause = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const eachChange = async (changes: number, emit: (key: number, value: number) => unknown, turnEnds: () => unknown): Promise<void> => {
  for (let value = 0; value < changes; value++) {
    await emit(value % KEYS, value);
    if (value % PER_TURN === PER_TURN - 1) {
      turnEnds();
      await pause();
    }
  }
  turnEnds();
};

const stream = (way: Way, changes: number, take: (key: number, value: number) => unknown): Promise<void> =>
  eachChange(
    changes,
    (key, value) => (way === 'comlink-awaited' ? take(key, value) : void take(key, value)),
    () => undefined,
  );

const byPort = async ({ way, changes, port }: StreamJob): Promise<void> => {
  const waiting = new Map<number, number>();
  const post = (): void => {
    if (waiting.size > 0) port.postMessage([...waiting]);
    waiting.clear();
  };
  switch (way) {
    case 'message-each':
      return eachChange(
        changes,
        (key, value) => port.postMessage([[key, value]]),
        () => undefined,
      );
    case 'arrays':
      return eachChange(changes, (key, value) => waiting.set(key, value), post);
    case 'conflated': {
      const timer = setInterval(post, FRAME_MS);
      await eachChange(
        changes,
        (key, value) => waiting.set(key, value),
        () => undefined,
      );
      clearInterval(timer);
      return post();
    }
    default: {
      const held = Array.from({ length: KEYS }, () => new ObservableValue(-1));
      serveStreams(port, (topic, { next }) => held[Number('conversationId' in topic ? topic.conversationId.slice(7) : 0)]!.listen(next));
      await pause(100);
      return eachChange(
        changes,
        (key, value) => (held[key]!.value = value),
        () => undefined,
      );
    }
  }
};

const api = { stream };
export type StreamWorker = typeof api;

// Comlink listens to the same messages, and ignores foreign messages.
self.addEventListener('message', ({ data }: MessageEvent<StreamJob | { readonly way?: undefined }>) => {
  if (data.way !== undefined) void byPort(data);
});
expose(api);
