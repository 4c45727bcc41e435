/** Our contestant: the backlog goes through the engine's own write path into its store, and the engine's views update the page. */
import { of } from 'rxjs';
import { browserBus, browserClock, browserRandom } from '../../../src/platform/browser-ports.ts';
import { serveStreams } from '../../../src/bridge/serve-streams.ts';
import { applyChanges } from '../../../src/engine/apply/apply-changes.ts';
import { Views } from '../../../src/engine/views/views.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { decodeServerFrame, encodeFrame } from '../../../src/protocol/codec.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { makeBacklog, ME } from './backlog.ts';

export interface EngineJob {
  readonly database: string;
  /** Whether frames come as text, to be decoded and checked like frames of a server. */
  readonly asText: boolean;
  readonly streams: MessagePort;
}

export interface EngineDone {
  /** Time until all messages are written and counted. */
  readonly ms: number;
  /** Time until all messages are in pages. */
  readonly foldedMs: number;
  /** The longest transaction, which an intent would have waited for. */
  readonly longestWriteMs: number;
  readonly unread: ReadonlyMap<string, number>;
}

const LEADER = { state: 'live', retryAt: null, error: null, inFlight: 0, leader: true } as const;

self.onmessage = async ({ data }: MessageEvent<EngineJob | 'go'>) => {
  if (data === 'go') return;
  const store = await openDiskStore(data.database, { clock: browserClock });
  const ports = {
    clock: browserClock,
    random: browserRandom,
    store,
    bus: browserBus(data.database),
    log: () => undefined,
    fault: () => undefined,
  };
  const writer = await Writer.open(ports, ME);
  await writer.write('first-cursor', { durability: 'relaxed' }, (draft) => draft.change({ t: 'cursor', cursor: 'c0' }));
  const views = new Views(ports, writer, { leader$: of(LEADER), opened: () => undefined });
  serveStreams(data.streams, (topic) => views.watch(topic));
  const { frames } = makeBacklog();
  const texts = data.asText ? frames.map(encodeFrame) : [];
  await new Promise((resolve) => {
    self.addEventListener('message', resolve, { once: true });
    postMessage('ready');
  });

  const began = performance.now();
  let longestWriteMs = 0;
  for (let i = 0; i < frames.length; i++) {
    const before = performance.now();
    const decoded = data.asText ? decodeServerFrame(texts[i]!) : frames[i]!;
    if (decoded.type !== 'changes') throw new Error('not a step of the feed');
    const options = { durability: 'relaxed', readsPages: true } as const;
    const outcome = await writer.write('apply-changes', options, (draft) => applyChanges(draft, ports, decoded, 'catch-up'));
    if (outcome !== 'applied') throw new Error('a gap in the feed');
    longestWriteMs = Math.max(longestWriteMs, performance.now() - before);
  }
  const ms = performance.now() - began;
  while (writer.model.unflushedCount > 0) {
    await writer.compactLog();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const foldedMs = performance.now() - began;
  const unread = new Map([...writer.model.conversations.values()].map((one) => [one.id, one.unread.unreadCount]));
  postMessage({ ms, foldedMs, longestWriteMs, unread } satisfies EngineDone);
  store.close();
};
