/** An account of this device, opened for a moment by a host without a page. */
import { showOnBadge } from '../platform/app-badge.ts';
import { browserBus, browserClock, browserRandom, PageLife, pageToken } from '../platform/browser-ports.ts';
import { makeRoom } from '../engine/space/evict-messages.ts';
import { NetGate } from '../engine/net/net-gate.ts';
import { TokenSource } from '../engine/net/token-source.ts';
import { LoggedOutError } from '../engine/write/log-header.ts';
import { Writer } from '../engine/write/writer.ts';
import type { Account, Ports } from '../ports/ports.ts';
import { readAccount } from '../store/accounts.ts';
import { openDexieStore } from '../store/dexie-store.ts';
import { cacheStorage, keepNote, notePending } from '../store/loss-marker.ts';
import { browserNet } from '../transport/browser-net.ts';
import type { LoggedSyncOptions } from './options.ts';

/** Hints of what others wrote may be lost. */
const LOOK_AGAIN_MS = 500;

export interface OpenAccount {
  readonly name: string;
  readonly account: Account;
  readonly ports: Ports;
  readonly writer: Writer;
  /** Shows the account's total on the app's badge, where the badge is this account's. */
  readonly showBadge: () => Promise<void>;
}

/** One wake-up of an account after the other: two that want the lead of the same would take it from one another. */
const turns = new Map<string, Promise<void>>();

const inTurn = (name: string, run: () => Promise<void>): Promise<void> => {
  const before = turns.get(name) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(run);
  turns.set(name, mine);
  return mine.finally(() => {
    if (turns.get(name) === mine) turns.delete(name);
  });
};

const open = async (name: string, options: LoggedSyncOptions, run: (open: OpenAccount) => Promise<void>): Promise<void> => {
  const store = await openDexieStore(name, { clock: browserClock });
  const bus = browserBus(name);
  const gate = new NetGate(browserNet(options.url));
  let writer: Writer | undefined;
  const stop = bus.listen((hint) => {
    if (hint.type === 'logged-out') gate.shut();
    // A page may pause or log out while this runs.
    else if (hint.type === 'changed') writer?.refresh().catch(() => undefined);
  });
  try {
    const account = await readAccount(store);
    if (!account) return;
    const asked = pageToken({ getToken: async () => options.getToken(account.userId) }, browserClock);
    const tokens = new TokenSource(asked);
    const ports: Ports = {
      clock: browserClock,
      random: browserRandom,
      store,
      net: gate,
      locks: { acquire: () => () => undefined },
      bus,
      life: new PageLife(),
      token: { getToken: () => tokens.get() },
      fault: () => undefined,
      log: options.log,
    };
    writer = await Writer.open(ports, account.userId);
    const { model } = writer;
    if (model.paused) return;
    const opened = writer;
    opened.makeRoom = () => makeRoom(ports, opened);
    opened.onChange(({ settings }) => {
      if (settings && opened.model.paused) gate.shut();
    });
    const showBadge = async (): Promise<void> => {
      // What a device never heard of the server is no count.
      if (opened.model.cursor !== null) await showOnBadge(name, opened.model.totalUnreadCount);
    };
    const [end] = await Promise.allSettled([run({ name, account, ports, writer, showBadge })]);
    await notePending(keepNote(cacheStorage(globalThis), name), opened.generation, opened.model.outbox.size);
    const isLoggedOut = end.status === 'rejected' && end.reason instanceof LoggedOutError;
    // Whatever else failed: the store knows the count.
    if (!isLoggedOut) await showBadge();
    if (end.status === 'rejected' && (isLoggedOut || !opened.model.paused)) throw end.reason;
  } catch (error) {
    if (!(error instanceof LoggedOutError)) throw error;
    // Nothing of an account that was logged out is sent or shown; what a crash left of it goes at the next start of a page.
    await showOnBadge(name, 0);
  } finally {
    stop();
    store.close();
  }
};

/** Opens the account unless it is logged out or paused, and closes it when `run` is through or failed; then the app's badge shows its total. */
export const withAccount = (name: string, options: LoggedSyncOptions, run: (open: OpenAccount) => Promise<void>): Promise<void> =>
  inTurn(name, () => open(name, options, run));

/** Resolves with whether it came to hold in time, whoever brought it about. @throws {LoggedOutError} */
export const until = async ({ ports, writer }: OpenAccount, holds: () => boolean, timeoutMs: number): Promise<boolean> => {
  const { clock } = ports;
  const deadline = clock.mono() + timeoutMs;
  for (;;) {
    await writer.refresh();
    if (holds()) return true;
    if (clock.mono() >= deadline) return false;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stop();
        cancel();
        resolve();
      };
      const stop = writer.onChange(done);
      const cancel = clock.timer(Math.min(LOOK_AGAIN_MS, Math.max(1, deadline - clock.mono())), done);
    });
  }
};
