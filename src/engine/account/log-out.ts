/**
 * Leaving: the log-out is recorded first, in the transaction that looks whether anything is owed, so that whatever happens next, nobody
 * shows, writes or sends anything of the account any more; then everybody falls silent, then the store is emptied.
 */
import { StoreError, TransportError } from '../../errors.ts';
import type { LogOut } from '../../model/log-out.ts';
import type { ConnectionStatus } from '../../model/status.ts';
import type { Ports } from '../../ports/ports.ts';
import { appendToLog, type LogRecord } from '../../log/log-record.ts';
import { clearTables, type LogHeader, HEAD_KEY, PAINT_KEY, TABLES, wipeTables } from '../../log/tables.ts';
import { flush } from './flush.ts';
import { applyRecord } from '../state/apply-change.ts';
import { LoggedOutError } from '../write/log-header.ts';
import { nothingDirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';

/** Another tab that does not let go of the lead by then is frozen: it sends nothing, and its writes change nothing. */
const SILENCE_TIMEOUT_MS = 2000;

type LogOutPorts = Pick<Ports, 'store' | 'clock' | 'random' | 'locks' | 'bus' | 'fault'>;

/** @returns how many entries are owed still: where `pending` is `send` and it is not 0, nothing was recorded. */
const record = async (ports: LogOutPorts, writer: Writer, recorded: () => void, { pending, keepData }: LogOut): Promise<number> => {
  let pendingReceipts: string[] = [];
  const dirty = nothingDirty();
  await writer.turn(async () => {
    const written = await ports.store.tx('log-out', ['meta', 'log'], 'readwrite', 'strict', async (tx): Promise<LogRecord | null> => {
      const header = await writer.catchUp(tx);
      if (!header) throw new LoggedOutError(false);
      pendingReceipts = [...writer.model.outbox.keys()];
      if (pending === 'send' && pendingReceipts.length > 0) return null;
      const last = { version: header.version + 1, changes: pendingReceipts.map((key) => ({ t: 'end', key, end: 'cancelled' }) as const) };
      appendToLog(tx, last);
      tx.put('meta', HEAD_KEY, {
        ...header,
        version: last.version,
        fence: header.fence + 1,
        generation: ports.random.id(),
        ended: keepData ? 'kept' : 'wiped',
      } satisfies LogHeader);
      // The page reads it by itself: it must not show what is no longer so.
      if (!keepData || pendingReceipts.length > 0) tx.delete('meta', PAINT_KEY);
      return last;
    });
    if (written) {
      recorded();
      applyRecord(writer.model, written, dirty);
      // Shown at once: streams are about to end.
      dirty.awaited = true;
      // This tab knows, and goes on to the end by itself.
      writer.loggedOut = () => undefined;
    }
    writer.emit(dirty);
  });
  return pending === 'send' ? pendingReceipts.length : 0;
};

/** A device without room may refuse even a record; emptying it needs none. Whoever comes later finds nothing, and writes nothing. */
const wipeUnrecorded = async (ports: LogOutPorts, writer: Writer, { pending, keepData }: LogOut, error: unknown): Promise<number> => {
  if (!(error instanceof StoreError && error.code === 'store/quota-exceeded') || pending === 'send' || keepData) throw error;
  await ports.store.tx('wipe-unrecorded', TABLES, 'readwrite', 'strict', async (tx) => {
    clearTables(tx);
    tx.delete('meta', HEAD_KEY);
  });
  writer.loggedOut = () => undefined;
  return 0;
};

/**
 * Records the log-out.
 *
 * @param recorded called when the log-out is on the disk and the model still has what was pending: later it looks as if all were sent.
 * @throws {TransportError} with `pending`, where something is still owed after `timeoutMs`: nothing has changed.
 * @throws {LoggedOutError} where another tab was faster.
 */
export const recordLogOut = async (
  ports: LogOutPorts,
  writer: Writer,
  nudge: () => void,
  state: () => ConnectionStatus['state'],
  recorded: () => void,
  options: LogOut,
): Promise<void> => {
  const { clock } = ports;
  const deadline = clock.mono() + options.timeoutMs;
  for (;;) {
    // A paused account sends nothing, however long one waits.
    if (options.pending === 'send' && !writer.model.paused)
      await flush(ports, writer, nudge, Math.max(0, Math.floor(deadline - clock.mono())));
    const left = await record(ports, writer, recorded, options).catch((error: unknown) => wipeUnrecorded(ports, writer, options, error));
    if (left === 0) return;
    // What another tab wrote meanwhile may take as long as is left.
    if (clock.mono() < deadline && !writer.model.paused) continue;
    const connected = state() === 'live' || state() === 'catching-up';
    throw new TransportError(
      connected ? 'transport/timeout' : 'transport/unreachable',
      `${left} ${left === 1 ? 'entry has' : 'entries have'} not reached the server; still logged in`,
      left,
    );
  }
};

/** Waits until no tab leads any more: whoever gets the lock next finds the log-out. */
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
      held: done,
      lost: () => undefined,
      // Then nobody can be waited for but by the clock.
      missing: () => undefined,
    });
  });

/** Empties the store; the head stays and says why, until the host removes the store itself. */
export const wipe = (ports: LogOutPorts): Promise<void> => {
  ports.fault('log-out:recorded');
  return ports.store.tx('wipe', TABLES, 'readwrite', 'strict', wipeTables);
};
