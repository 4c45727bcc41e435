/** What the user does and looks at goes before the background, in the store's turns and on the line to the server. */
import { describe, expect, it } from 'vitest';
import { UserAsks } from '../../../src/engine/net/user-asks.ts';
import { FetchMissing } from '../../../src/engine/sync/feed/fetch-missing.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { TestClock } from '../../support/test-clock.ts';

const USER = { durability: 'strict' } as const;
const BACKGROUND = { durability: 'relaxed', lane: 'background' } as const;

const opened = async () => {
  const clock = new TestClock();
  const ports = { ...quietPorts(createMemoryStore()), clock };
  const writer = await Writer.open(ports, 'me');
  const order: string[] = [];
  const write = (name: string, options: typeof USER | typeof BACKGROUND): Promise<void> =>
    writer.write(name, options, (draft) => {
      order.push(name);
      draft.change({ t: 'confirmed-at', cursor: name });
    });
  return { clock, ports, writer, order, write };
};

describe('the turns of the store', () => {
  it('calls and questions go before everything of the background that waits, and each lane keeps its order', async () => {
    const { writer, order, write } = await opened();
    const first = write('frame 1', BACKGROUND);
    await first;
    const all = [
      ...[2, 3, 4, 5, 6].map((n) => write(`frame ${n}`, BACKGROUND)),
      writer.turn(async () => void order.push('slice'), 'background'),
      write('call 1', USER),
      writer.question(() => void order.push('question')),
      write('call 2', USER),
    ];
    await Promise.all(all);
    expect(order).toEqual(['frame 1', 'call 1', 'question', 'call 2', ...[2, 3, 4, 5, 6].map((n) => `frame ${n}`), 'slice']);
  });

  it('a call that comes while the background is busy waits for a few of its frames, and not for all', async () => {
    const { order, write } = await opened();
    let called: Promise<void> | undefined;
    const frames = Array.from({ length: 20 }, (_, n) =>
      write(`frame ${n}`, BACKGROUND).then(() => {
        called ??= write('call', USER);
      }),
    );
    await Promise.all(frames);
    await called;
    expect(order.indexOf('call')).toBeGreaterThan(0);
    expect(order.indexOf('call')).toBeLessThan(5);
  });

  it('a page that writes without a pause still gets its messages', async () => {
    const { order, write } = await opened();
    const frame = write('frame', BACKGROUND);
    for (let n = 0; !order.includes('frame') && n < 100; n++) await write(`call ${n}`, USER);
    expect(order.length).toBeLessThan(20);
    await frame;
  });

  it('an engine that closes waits for both lanes', async () => {
    const { writer, order, write } = await opened();
    void write('frame', BACKGROUND);
    void write('call', USER);
    await writer.drained();
    expect(order).toEqual(['call', 'frame']);
  });
});

describe('the line to the server', () => {
  const fetching = async () => {
    const { clock, ports, writer } = await opened();
    await writer.write('rows', { durability: 'relaxed' }, (draft) => {
      draft.change({ t: 'row', row: { ...emptyRow('direct:bob'), version: 1, latestSeq: 50 } });
    });
    const asks = new UserAsks(clock);
    const sent: Frame<'fetch'>[] = [];
    const missing = new FetchMissing(ports, writer, asks, {
      send: (frame) => void sent.push(frame),
      nextId: () => sent.length + 1,
      limits: () => DEFAULT_LIMITS,
      fence: () => 0,
      failed: () => undefined,
    });
    return { clock, asks, sent, missing, writer };
  };

  it('the background fetches nothing while a question of the user waits for the server, and goes on after its answer', async () => {
    const { asks, sent, missing } = await fetching();
    let answer: () => void = () => undefined;
    const asked = asks.during(() => new Promise<void>((resolve) => (answer = resolve)));
    missing.start();
    missing.dirty(['direct:bob']);
    expect(sent).toEqual([]);
    answer();
    await asked;
    expect(sent.map(({ wants }) => wants[0]!.conversationId)).toEqual(['direct:bob']);
  });

  it('a page that asks without a pause holds the background for two seconds at most', async () => {
    const { clock, asks, sent, missing } = await fetching();
    void asks.during(() => new Promise<void>(() => undefined));
    missing.start();
    await clock.pass(1900);
    missing.dirty(['direct:bob']);
    expect(sent).toEqual([]);
    await clock.pass(200);
    expect(sent.length).toBe(1);
  });

  it('the last long chats share a whole request, and many long chats have 200 messages each in a request', async () => {
    const wanted = async (chats: number) => {
      const { sent, missing, writer } = await fetching();
      const rows = Array.from({ length: chats }, (_, n) => ({ ...emptyRow(`direct:long-${n}` as const), version: 2, latestSeq: 5000 }));
      await writer.write('rows', { durability: 'relaxed' }, (draft) => draft.change(...rows.map((row) => ({ t: 'row', row }) as const)));
      missing.start();
      return sent[0]!.wants.map(({ limit }) => limit);
    };
    // Bob's chat has 50 messages. A request has room for 2000.
    expect(await wanted(1)).toEqual([50, 1000]);
    expect(await wanted(20)).toEqual([50, ...Array.from({ length: 9 }, () => 200), 150]);
  });

  it('a connection that ended sends no held request', async () => {
    const { clock, sent, missing, asks } = await fetching();
    void asks.during(() => new Promise<void>(() => undefined));
    missing.start();
    missing.stop();
    await clock.pass(5000);
    expect(sent).toEqual([]);
  });
});
