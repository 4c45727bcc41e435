import { expect, it } from 'vitest';
import { WorkerConnection } from '../../../src/bridge/connect.ts';

/** A worker whose script cannot be loaded: it takes messages and answers none. */
class WorkerOfNothing extends EventTarget {
  postMessage(): void {
    // Nobody is there.
  }
  terminate(): void {
    // As before.
  }
}

it('whoever waits for a worker that never came is told, before and after', async () => {
  const worker = new WorkerOfNothing();
  const config = Promise.resolve({ url: 'ws://localhost', userId: 'alice', deviceId: 'd', settings: {} });
  const connection = new WorkerConnection(worker as unknown as Worker, config, {
    getToken: async () => 'token',
    deviceId: async () => 'd',
    forgetDevice: async () => undefined,
  });
  const before = [connection.intent('clearAllUnreadCounts'), connection.query('flush', 10)];
  const told = Promise.allSettled(before);
  worker.dispatchEvent(new Event('error'));
  const all = [...(await told), ...(await Promise.allSettled([connection.intent('clearAllUnreadCounts')]))];
  for (const outcome of all) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'worker/unavailable' } });
  await connection.close();
});
