/** The worker with the engine: applies frames of the feed, and folds the log into pages afterwards. */
import { serveStreams } from '../../../src/bridge/serve-streams.ts';
import { applyChanges } from '../../../src/engine/apply/apply-changes.ts';
import { ObservableValue } from '../../../src/model/observable-value.ts';
import { createViews } from '../../../src/engine/views/views.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { browserBus, browserClock, browserRandom, browserRoom } from '../../../src/platform/browser-ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { type Amount, Feed, ME, PER_BATCH } from '../data/feed.ts';
import { FrameBuilder } from '../data/frames.ts';

export interface EngineJob {
  readonly amount: Amount;
  readonly streams: MessagePort;
}

const DATABASE = 'tidemark-engine';
const FRAMES_AT_ONCE = 100;
const LEADER = { state: 'live', retryAt: null, error: null, inFlight: 0, leader: true } as const;

self.onmessage = async ({ data }: MessageEvent<EngineJob | 'go'>) => {
  if (data === 'go') return;
  const store = await openDiskStore(DATABASE, { clock: browserClock, room: browserRoom });
  const ports = {
    clock: browserClock,
    random: browserRandom,
    store,
    bus: browserBus(DATABASE),
    log: () => undefined,
    fault: () => undefined,
  };
  const writer = await Writer.open(ports, ME);
  await writer.write('first-cursor', { durability: 'relaxed' }, (draft) => draft.change({ t: 'cursor', cursor: 'c0' }));
  const watch = createViews(ports, writer, { leader: new ObservableValue(LEADER), opened: () => undefined, needed: () => undefined });
  serveStreams(data.streams, watch);
  const feed = new Feed(data.amount);
  const builder = new FrameBuilder();
  await new Promise((resolve) => {
    self.addEventListener('message', resolve, { once: true });
    postMessage('ready');
  });

  let ms = 0;
  let longestWriteMs = 0;
  for (let left = data.amount.messages; left > 0;) {
    const frames = [];
    while (left > 0 && frames.length < FRAMES_AT_ONCE) {
      const batch = feed.take(Math.min(PER_BATCH, left));
      left -= batch.length;
      frames.push(builder.frameOf(batch, left === 0));
    }
    const began = performance.now();
    for (const frame of frames) {
      const before = performance.now();
      const options = { durability: 'relaxed', readsPages: true } as const;
      const outcome = await writer.write('apply-changes', options, (draft) => applyChanges(draft, ports, frame, 'catch-up'));
      if (outcome !== 'applied') throw new Error('a gap in the feed');
      longestWriteMs = Math.max(longestWriteMs, performance.now() - before);
    }
    ms += performance.now() - began;
  }
  const folding = performance.now();
  while (writer.model.unflushedCount > 0) {
    await writer.compactLog();
    await new Promise((resolve) => setTimeout(resolve));
  }
  postMessage({ ms, totalMs: ms, foldedMs: ms + performance.now() - folding, longestWriteMs });
};
