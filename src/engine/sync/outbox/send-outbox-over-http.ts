/** Empties the outbox once, without a connection: for hosts that live for a moment. Same frames, same keys, same ends. */
import { AuthError, ProtocolError, TransportError } from '../../../errors.ts';
import type { Account, Ports } from '../../../ports/ports.ts';
import type { Frame, Limits, ServerFrame } from '../../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../../protocol/version.ts';
import { LoggedOutError } from '../../write/log-header.ts';
import type { Writer } from '../../write/writer.ts';
import { awaitsSnapshot } from '../../write/blind-flags.ts';
import { catchUpOverHttp } from '../feed/catch-up-over-http.ts';
import { OutboxSender } from './outbox-sender.ts';
import { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';

const REQUEST_TIMEOUT_MS = 20_000;
/** What the server refuses for now is tried again within this time; then the host ends, and comes back later. */
const REFUSED_PATIENCE_MS = 30_000;
/** Until a server has said otherwise. */
const DEFAULT_LIMITS: Limits = { entries: 100, frameBytes: 48 * 1024, fetchMessages: 1, receiptIds: 100, members: 100, heartbeatMs: 1 };

/**
 * Resolves once nothing is owed; reads a first snapshot before, where something waits for one. Rejects where the server could not be
 * reached, did not take the account, or went on refusing: what is owed stays.
 *
 * @param fence the leader's number, taken just before.
 * @param patienceMs how long the server may go on refusing, counted from the last entry that it took.
 */
export const drainOverHttp = async (
  ports: Ports,
  account: Account,
  writer: Writer,
  fence: number,
  timeoutMs = REFUSED_PATIENCE_MS,
): Promise<void> => {
  const { model } = writer;
  if ([...model.outbox.values()].some((entry) => awaitsSnapshot(model, entry))) await catchUpOverHttp(ports, account, writer, fence);
  return drainOnce(ports, account, writer, fence, timeoutMs);
};

const drainOnce = (ports: Ports, account: Account, writer: Writer, fence: number, timeoutMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let nextId = 0;
    let over = false;
    let limits = DEFAULT_LIMITS;
    let isLost = false;
    let refusedSince = ports.clock.mono();
    const end = (): void => {
      over = true;
      drain.stop();
      stop();
      stopListening();
    };
    const fail = (error: unknown): void => {
      end();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const take = (id: number, frames: readonly ServerFrame[]): void => {
      const [welcome] = frames;
      const answer = frames.find((frame) => frame.type === 'answer');
      const error = frames.find((frame) => frame.type === 'error');
      // The token travels along: room is left for it.
      if (welcome?.type === 'welcome') limits = { ...welcome.limits, frameBytes: Math.floor(welcome.limits.frameBytes * 0.75) };
      if (error?.code === 'auth/wrong-user' || (welcome?.type === 'welcome' && welcome.userId !== account.userId))
        fail(new AuthError('auth/wrong-user', `the token does not name ${account.userId}`));
      else if (answer) {
        if (answer.results.some(({ outcome }) => outcome !== 'retry')) refusedSince = ports.clock.mono();
        drain.answer(answer);
      } else if (error?.code === 'server/busy') drain.busy(id, error.retryAfterMs ?? 1000);
      else if (error?.code === 'protocol/cursor-unknown') {
        // Sent all the same. The next page finds out as this did, and offers all that was acked again.
        isLost = true;
        drain.placeLost(id);
      } else if (error?.code === 'protocol/bad-frame' && error.id === id) drain.refused(id);
      else if (error) fail(new TransportError('transport/unreachable', error.message));
      else fail(new ProtocolError('protocol/bad-frame', 'no answer to what was submitted'));
    };
    const send = (frame: Frame<'submit'>): void => {
      const { userId, deviceId } = account;
      ports.token
        .getToken()
        .then(async (token) => {
          if (over) return;
          const hello = { type: 'hello', version: PROTOCOL_VERSION, token, userId, deviceId } as const;
          take(frame.id, await ports.net.request([hello, frame], REQUEST_TIMEOUT_MS));
        })
        .catch(fail);
    };
    const finishWhenEmpty = (): void => {
      if (writer.model.outbox.size > 0 || drain.inFlightCount > 0) return;
      end();
      resolve();
    };
    const drain = new OutboxSender(
      ports,
      writer,
      {
        send,
        nextId: () => ++nextId,
        limits: () => limits,
        fence: () => fence,
        continues: () => !isLost && writer.model.cursor !== null,
        silent: () => fail(new TransportError('transport/timeout', 'the server did not answer')),
        failed: fail,
        changed: finishWhenEmpty,
        // Known beforehand: no host stays awake for a wait that it will not see the end of.
        waits: (ms) => {
          if (ports.clock.mono() + ms - refusedSince > timeoutMs)
            fail(new TransportError('transport/timeout', `the server took nothing of what is pending for ${timeoutMs / 1000} s`));
        },
      },
      new AdaptiveTimeout(),
    );
    const stop = writer.onChange(finishWhenEmpty);
    const stopListening = ports.bus.listen((hint) => {
      if (hint.type === 'logged-out') fail(new LoggedOutError(hint.kept));
    });
    drain.start();
    finishWhenEmpty();
  });
