/**
 * One account without a page. A short-lived host, such as the service worker, opens the account, runs one task, and
 * closes the account. The simulator's service worker runs the same code.
 */
import { LoggedOutError } from '../write/log-header.ts';
import { NetGate } from '../net/net-gate.ts';
import { TokenSource } from '../net/token-source.ts';
import { makeRoom } from '../space/evict-messages.ts';
import { Writer } from '../write/writer.ts';
import type { Account, Ports } from '../../ports/ports.ts';

/** Hints of other tabs may be lost: a waiting host reads the store again after this time. */
const CHECK_EVERY_MS = 500;

export interface HeadlessAccount {
  readonly account: Account;
  /** The name of the account's lock; the pages of the account use the same name. */
  readonly lockName: string;
  readonly ports: Ports;
  readonly writer: Writer;
}

/**
 * Opens the account and runs the task. A paused account runs no task, and the error of a task is dropped if a page has paused the account
 * meanwhile. The caller closes the store.
 *
 * @throws {LoggedOutError} if the account is logged out, also if a page logs it out before the task or during the task: from then on nothing
 *   is sent.
 */
export const withAccount = async (
  given: Ports,
  account: Account,
  lockName: string,
  task: (open: HeadlessAccount) => Promise<void>,
): Promise<void> => {
  const gate = new NetGate(given.net);
  const tokens = new TokenSource(given.token);
  const ports: Ports = { ...given, net: gate, token: { getToken: () => tokens.get() } };
  let writer: Writer | undefined;
  const stop = ports.bus.listen((hint) => {
    if (hint.type === 'logged-out') gate.shut();
    else if (hint.type === 'changed') writer?.refresh().catch(() => undefined);
  });
  try {
    const opened = await Writer.open(ports, account.userId, null);
    writer = opened;
    if (opened.model.paused) return;
    opened.makeRoom = () => makeRoom(ports, opened);
    // The hint of a log-out may be lost: the gate reads the store before each request.
    let logOut: LoggedOutError | undefined;
    opened.loggedOut = (end) => {
      logOut = end;
      gate.shut();
    };
    gate.readStore = () => opened.refresh().catch(() => undefined);
    opened.onChange(({ settings }) => {
      if (settings && opened.model.paused) gate.shut();
    });
    await task({ account, lockName, ports, writer: opened }).catch((error: unknown) => {
      if (logOut) throw logOut;
      if (error instanceof LoggedOutError || !opened.model.paused) throw error;
    });
  } finally {
    stop();
  }
};

/** Waits until the condition holds. @returns false if it did not hold within `timeoutMs`. @throws {LoggedOutError} */
export const until = async (
  { ports, writer }: Pick<HeadlessAccount, 'ports' | 'writer'>,
  holds: () => boolean,
  timeoutMs: number,
): Promise<boolean> => {
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
      const cancel = clock.timer(Math.min(CHECK_EVERY_MS, Math.max(1, deadline - clock.mono())), done);
    });
  }
};
