import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import { createTestWorld } from '../../../src/testing/index.ts';
import { Lane } from '../../../src/testing/lane.ts';

const requestOnce = async (isEnded: boolean): Promise<{ outcome: string; heard: readonly ServerFrame[] }> => {
  const world = createTestWorld({ seed: 1 });
  const { network } = world.device('ann');
  const heard: ServerFrame[] = [];
  network.arrives = (_lane, frame) => void heard.push(frame);
  const end = new AbortController();
  const frames = [{ type: 'pull', cursor: null }] as const;
  const outcome = network
    .port(new Lane(world.time, 'tab'))
    .request(frames, 10_000, end.signal)
    .then(
      () => 'answered',
      (error: unknown) => (error as { code: string }).code,
    );
  if (isEnded) end.abort();
  await world.pass(5000);
  return { outcome: await outcome, heard };
};

it('a request that its caller has ended rejects, and the answer of the server reaches the tab no more', async () => {
  expect(await requestOnce(true)).toEqual({ outcome: 'transport/unreachable', heard: [] });
  const { outcome, heard } = await requestOnce(false);
  expect(outcome).toBe('answered');
  expect(heard).not.toEqual([]);
});

it('a request that has ended, with an answer, a failure or a timeout, leaves no listener on the signal of its connection', async () => {
  const world = createTestWorld({ seed: 1 });
  const { network } = world.device('ann');
  const { signal } = new AbortController();
  const ask = (timeoutMs: number): Promise<unknown> =>
    network.port(new Lane(world.time, 'tab')).request([{ type: 'pull', cursor: null }], timeoutMs, signal);
  const answered = ask(10_000);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await world.until(answered);
  network.set({ delayMs: 1000 });
  await expect(world.until(ask(1))).rejects.toMatchObject({ code: 'transport/timeout' });
  network.set({ up: false });
  await expect(world.until(ask(10_000))).rejects.toMatchObject({ code: 'transport/unreachable' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
