/**
 * Log-out, in three steps:
 *
 *   record   one transaction checks the outbox and writes the log-out. From then on no tab shows, writes or sends data of the account.
 *   silence  waits until no tab is the leader tab.
 *   wipe     empties the store, unless the app keeps the data.
 */
import { StoreError, TransportError } from '../../errors.ts';
import type { LogOut } from '../../model/api/log-out.ts';
import type { ConnectionStatus } from '../../model/api/status.ts';
import type { Ports } from '../../ports/ports.ts';
import { appendToLog, type LogRecord } from '../../log/log-record.ts';
import { CIPHER_KEY, clearTables, type LogHeader, LOG_HEADER_KEY, TABLES } from '../../log/tables.ts';
import { PAINT_KEY } from '../../model/storage-name.ts';
import { finishWipe } from './enter-account.ts';
import { flush, type Flushes } from './flush.ts';
import { applyRecord } from '../state/apply-change.ts';
import { LoggedOutError } from '../write/log-header.ts';
import { nothingDirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';

/**
 * A leader tab is frozen if the lock is still held after this time. A frozen tab sends nothing, and its writes fail by
 * the fencing token.
 */
const SILENCE_TIMEOUT_MS = 2000;

type LogOutPorts = Pick<Ports, 'store' | 'clock' | 'random' | 'locks' | 'bus' | 'fault'>;

/** @returns the number of pending entries. If `pending` is `send` and the number is not 0, nothing was recorded. */
const record = async (ports: LogOutPorts, writer: Writer, flushes: Flushes, { pending, keepData }: LogOut): Promise<number> => {
  let pendingKeys: string[] = [];
  const dirty = nothingDirty();
  await writer.turn(async () => {
    const written = await ports.store.tx('log-out', ['meta', 'log'], 'readwrite', 'strict', async (tx): Promise<LogRecord | null> => {
      const header = await writer.catchUp(tx);
      if (!header) throw new LoggedOutError(false);
      pendingKeys = [...writer.model.outbox.keys()];
      if (pending === 'send' && pendingKeys.length > 0) return null;
      const last = { version: header.version + 1, changes: pendingKeys.map((key) => ({ t: 'end', key, end: 'cancelled' }) as const) };
      appendToLog(tx, last);
      tx.put('meta', LOG_HEADER_KEY, {
        ...header,
        version: last.version,
        fence: header.fence + 1,
        generation: ports.random.id(),
        ended: keepData ? 'kept' : 'wiped',
      } satisfies LogHeader);
      // Without its key, what a failed wipe leaves behind cannot be read.
      if (!keepData) tx.delete('meta', CIPHER_KEY);
      // The page reads the first paint without the worker, and must not show the state before the log-out.
      if (!keepData || pendingKeys.length > 0) tx.delete('meta', PAINT_KEY);
      return last;
    });
    if (written) {
      // The account state still has the pending entries. Once the record is applied, they look as if sent.
      flushes.end();
      applyRecord(writer.model, written, dirty);
      // The views emit at once, because their streams are about to end.
      dirty.awaited = true;
      // This tab recorded the log-out itself, and must not react to it as another tab does.
      writer.loggedOut = () => undefined;
    }
    writer.emit(dirty);
  });
  return pending === 'send' ? pendingKeys.length : 0;
};

/** Empties a full store without a record, because a full device may refuse even the record. Later tabs find no header and write nothing. */
const wipeUnrecorded = async (ports: LogOutPorts, writer: Writer, { pending, keepData }: LogOut, error: unknown): Promise<number> => {
  if (!(error instanceof StoreError && error.code === 'store/quota-exceeded') || pending === 'send' || keepData) throw error;
  await ports.store.tx('wipe-unrecorded', TABLES, 'readwrite', 'strict', async (tx) => {
    clearTables(tx);
    tx.delete('meta', LOG_HEADER_KEY);
  });
  writer.loggedOut = () => undefined;
  return 0;
};

/**
 * Records the log-out.
 *
 * @param flushes the waits of this tab. They are answered when the log-out is on disk.
 * @throws {TransportError} with `pending`, when entries are still pending after `timeoutMs`: nothing has changed.
 * @throws {LoggedOutError} when another tab has logged out first.
 */
export const recordLogOut = async (
  ports: LogOutPorts,
  writer: Writer,
  nudge: () => void,
  state: () => ConnectionStatus['state'],
  flushes: Flushes,
  options: LogOut,
): Promise<void> => {
  const { clock } = ports;
  const deadline = clock.mono() + options.timeoutMs;
  for (;;) {
    // A paused account sends nothing, so waiting is useless.
    if (options.pending === 'send' && !writer.model.paused)
      await flush(ports, writer, nudge, Math.max(0, Math.floor(deadline - clock.mono())), flushes);
    const left = await record(ports, writer, flushes, options).catch((error: unknown) => wipeUnrecorded(ports, writer, options, error));
    if (left === 0) return;
    // Another tab may have added entries during the flush: the rest of the time is for them.
    if (clock.mono() < deadline && !writer.model.paused) continue;
    const connected = state() === 'live' || state() === 'catching-up';
    throw new TransportError(
      connected ? 'transport/timeout' : 'transport/unreachable',
      `${left} ${left === 1 ? 'entry has' : 'entries have'} not reached the server; still logged in`,
      left,
    );
  }
};

/** Waits until no tab is the leader tab. The next tab that gets the lock finds the log-out. */
export const silence = (ports: LogOutPorts, lockName: string, kept: boolean): Promise<void> =>
  new Promise((resolve) => {
    ports.bus.post({ type: 'logged-out', kept });
    const done = (): void => {
      cancel();
      release();
      resolve();
    };
    const cancel = ports.clock.timer(SILENCE_TIMEOUT_MS, done);
    const release = ports.locks.acquire(lockName, {
      onGranted: done,
      onLost: () => undefined,
      // A browser without locks: only the timeout ends the wait.
      onMissing: () => undefined,
    });
  });

/** Empties the store. The log header stays and tells other tabs the reason, until the host removes the store. */
export const wipe = (ports: LogOutPorts): Promise<void> => {
  ports.fault('log-out:recorded');
  return finishWipe(ports.store);
};
