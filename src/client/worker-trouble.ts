/** Shows the trouble of a worker in the connection's status. A worker that does not start cannot report by itself. */
import { combineLatest, distinctUntilChanged, filter, map, type Observable, startWith } from 'rxjs';
import type { WorkerTrouble } from '../bridge/worker-host.ts';
import type { ConnectionStatus } from '../model/api/status.ts';

const NOTHING_KNOWN: ConnectionStatus = {
  state: 'offline',
  paused: false,
  leader: false,
  retryAt: null,
  error: null,
  durability: 'durable',
  persisted: null,
  asOf: null,
};

const instead = (last: ConnectionStatus | null, { error: { code, message }, retryInMs }: WorkerTrouble): ConnectionStatus => ({
  ...(last ?? NOTHING_KNOWN),
  // Without another try, only a reload of the page helps.
  state: retryInMs === null ? 'stopped' : 'offline',
  leader: false,
  retryAt: retryInMs === null ? null : Date.now() + retryInMs,
  error: { code, message },
});

export const withWorkerTrouble = (
  status$: Observable<ConnectionStatus>,
  trouble$: Observable<WorkerTrouble | null>,
): Observable<ConnectionStatus> =>
  combineLatest([status$.pipe(startWith(null)), trouble$]).pipe(
    map(([last, trouble]) => (trouble ? instead(last, trouble) : last)),
    filter((status) => status !== null),
    distinctUntilChanged(),
  );
