import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import { createTestWorld, type FrameTrouble } from '../../../src/testing/index.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';

const requestOnce = async (isEnded: boolean): Promise<{ outcome: string; heard: readonly ServerFrame[] }> => {
  const world = createTestWorld({ seed: 1 });
  const { network } = world.device('ann');
  const heard: ServerFrame[] = [];
  network.arrives = (_lane, frame) => void heard.push(frame);
  const end = new AbortController();
  const frames = [{ type: 'pull', cursor: null }] as const;
  const outcome = network
    .port(new VirtualProcess(world.time, 'tab'))
    .request(frames, 10_000, end.signal)
    .then(
      () => 'answered',
      (error: unknown) => (error as { code: string }).code,
    );
  if (isEnded) end.abort();
  await world.pass(5000);
  return { outcome: await outcome, heard };
};

it('a request ended by its caller rejects, and the answer of the server reaches the tab no more', async () => {
  expect(await requestOnce(true)).toEqual({ outcome: 'transport/unreachable', heard: [] });
  const { outcome, heard } = await requestOnce(false);
  expect(outcome).toBe('answered');
  expect(heard).not.toEqual([]);
});

it('an ended request, with an answer, a failure or a timeout, leaves no listener on the signal of its connection', async () => {
  const world = createTestWorld({ seed: 1 });
  const { network } = world.device('ann');
  const { signal } = new AbortController();
  const ask = (timeoutMs: number): Promise<unknown> =>
    network.port(new VirtualProcess(world.time, 'tab')).request([{ type: 'pull', cursor: null }], timeoutMs, signal);
  const answered = ask(10_000);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await world.until(answered);
  network.set({ delayMs: 1000 });
  await expect(world.until(ask(1))).rejects.toMatchObject({ code: 'transport/timeout' });
  network.set({ up: false });
  await expect(world.until(ask(10_000))).rejects.toMatchObject({ code: 'transport/unreachable' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

/** Opens a connection as ann, sends three pings, and gives the second ping or pong a trouble. @returns the frames at the client. */
const threePings = async (way: 'up' | 'down', trouble: FrameTrouble | null): Promise<readonly string[]> => {
  const world = createTestWorld({ seed: 1 });
  const { network } = world.device('ann');
  const got: string[] = [];
  let passed = 0;
  network.trouble = (on, { type }) => (on === way && (type === 'ping' || type === 'pong') && ++passed === 2 ? trouble : null);
  const link = network.port(new VirtualProcess(world.time, 'tab')).connect({
    opened: () => got.push('opened'),
    frame: ({ type }) => got.push(type),
    closed: (code) => got.push(`closed ${code}`),
    malformed: (error) => got.push(error.message),
  });
  await world.pass(1000);
  link.send({ type: 'hello', version: PROTOCOL_VERSION, token: world.server.token('ann'), userId: 'ann', deviceId: 'phone' });
  await world.pass(1000);
  for (let i = 0; i < 3; i++) link.send({ type: 'ping' });
  await world.pass(1000);
  return got.slice(2);
};

it.each([
  ['no trouble', 'up', null, ['pong', 'pong', 'pong']],
  ['the trouble “lost”', 'up', 'lost', ['pong', 'pong']],
  ['the trouble “lost”', 'down', 'lost', ['pong', 'pong']],
  ['the trouble “twice”', 'up', 'twice', ['pong', 'pong', 'pong', 'pong']],
  ['the trouble “twice”', 'down', 'twice', ['pong', 'pong', 'pong', 'pong']],
  ['the trouble “cut”', 'down', 'cut', ['pong', 'pong', 'closed 1006']],
  ['the trouble “lost-and-cut”', 'up', 'lost-and-cut', ['pong', 'closed 1006']],
  ['the trouble “lost-and-cut”', 'down', 'lost-and-cut', ['pong', 'closed 1006']],
] as const)('the second of three frames has %s on its way %s', async (_, way, trouble, expected) => {
  expect(await threePings(way, trouble)).toEqual(expected);
});

it('a request fails if a frame of the request or of the answer is lost', async () => {
  for (const lost of ['pull', 'error']) {
    const world = createTestWorld({ seed: 1 });
    const { network } = world.device('ann');
    network.trouble = (_, { type }) => (type === lost ? 'lost' : null);
    const request = network.port(new VirtualProcess(world.time, 'tab')).request([{ type: 'pull', cursor: null }], 10_000);
    await expect(world.until(request)).rejects.toMatchObject({ code: 'transport/unreachable' });
  }
});
