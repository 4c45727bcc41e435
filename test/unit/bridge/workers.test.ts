/** The script that runs workers loads beside the first worker, and may not arrive. */
import { afterEach, expect, it, vi } from 'vitest';
import { connectPage, LocalWorker, settled, WorkerOfNothing } from '../../support/local-worker.ts';

const SCRIPT = '../../../src/bridge/worker-lives.ts';

afterEach(() => {
  vi.doUnmock(SCRIPT);
  vi.unstubAllGlobals();
});

const lost = (): void =>
  void vi.doMock(SCRIPT, () => {
    throw new Error('lost on the way');
  });

it('calls are refused while the script of workers does not load; the client loads it again, keeps its first worker, and answers', async () => {
  lost();
  const { connection, workers, timers, logged } = connectPage(() => new LocalWorker());
  const total: number[] = [];
  connection.streams.watch({ of: 'total-unread' }).subscribe((value) => total.push(value));
  await expect(connection.query('flush', 10)).rejects.toMatchObject({ code: 'worker/unavailable', retryable: true });
  expect(connection.trouble$.value).toMatchObject({ error: { code: 'worker/unavailable' }, retryInMs: 5000 });

  vi.doUnmock(SCRIPT);
  await timers.pass(5000);
  await connection.up();
  workers[0]!.answer = async () => 'answered';
  expect(await connection.query('flush', 10)).toBe('answered');
  await settled();
  expect([workers.length, connection.trouble$.value, total, logged]).toEqual([1, null, [0], ['worker-ended', 'worker-started']]);
  await connection.close();
});

it('calls are refused if the script of workers neither loads nor fails in 30 s', async () => {
  vi.doMock(SCRIPT, () => new Promise(() => undefined));
  const { connection, timers } = connectPage(() => new WorkerOfNothing());
  const call = connection.query('flush', 10).catch((error: unknown) => error);
  await timers.pass(30_000);
  expect(await call).toMatchObject({ code: 'worker/unavailable' });
  await connection.close();
  expect(timers.armed).toBe(0);
});

it('a worker that fails before the script of workers has loaded is replaced, and not taken for a slow worker', async () => {
  lost();
  const { connection, workers, timers } = connectPage(() => new WorkerOfNothing());
  await settled();
  workers[0]!.dispatchEvent(new Event('error'));
  vi.doUnmock(SCRIPT);
  await timers.pass(5000);
  await vi.waitFor(() => expect(workers[0]!.isTerminated).toBe(true));
  await timers.pass(1000);
  expect(workers).toHaveLength(2);
  await connection.close();
});

it('a client closed before the script of workers has loaded ends its first worker (F118)', async () => {
  lost();
  const { connection, workers, timers } = connectPage(() => new WorkerOfNothing());
  await settled();
  await connection.close();
  await timers.pass(60_000);
  expect([workers.map(({ isTerminated }) => isTerminated), timers.armed]).toEqual([[true], 0]);
});
