import { BehaviorSubject, firstValueFrom, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { WorkerTrouble } from '../../../src/bridge/worker-host.ts';
import { withWorkerTrouble } from '../../../src/client/worker-trouble.ts';
import { StoreError } from '../../../src/errors.ts';
import type { ConnectionStatus } from '../../../src/model/api/status.ts';

const shown = (trouble: WorkerTrouble): Promise<ConnectionStatus> =>
  firstValueFrom(withWorkerTrouble(new Subject<ConnectionStatus>(), new BehaviorSubject<WorkerTrouble | null>(trouble)));

describe('the connection of a page without a running worker', () => {
  const error = new StoreError('store/version-ahead', 'a newer version of the app has written this data; reload the page');

  it('the state is stopped if no further worker is started: old code over the store of a newer release (F117)', async () => {
    expect(await shown({ error, retryInMs: null })).toMatchObject({
      state: 'stopped',
      retryAt: null,
      error: { code: 'store/version-ahead' },
    });
  });

  it('the state is offline, with the time of the next start of a worker (F117)', async () => {
    const status = await shown({ error, retryInMs: 500 });
    expect(status).toMatchObject({ state: 'offline', leader: false });
    expect(status.retryAt).toBeGreaterThan(Date.now());
  });
});
