/**
 * Empties the outbox once over HTTP, without a connection, for short-lived hosts such as a service worker. Frames, keys
 * and ends of entries equal those of a connection, so both ways may send the same entry.
 */
import { ProtocolError, TransportError } from '../../../errors.ts';
import type { Account, Ports } from '../../../ports/ports.ts';
import type { Frame, Limits } from '../../../protocol/frames.ts';
import { errorOfFrame, type HttpAnswer, HttpSession } from '../../net/http-session.ts';
import { LoggedOutError } from '../../write/log-header.ts';
import type { Writer } from '../../write/writer.ts';
import { awaitsSnapshot } from '../../write/blind-flags.ts';
import { catchUpOverHttp } from '../feed/catch-up-over-http.ts';
import { OutboxSender } from './outbox-sender.ts';
import { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { DEFAULT_LIMITS } from '../../../protocol/limits.ts';
import { BUSY_MS } from '../../../model/backoff.ts';

const SUBMIT_TIMEOUT_MS = 20_000;
/** The sender retries refused entries within this time. Then the host ends, and a later run goes on. */
const REFUSED_TIMEOUT_MS = 30_000;
/** A request also carries hello with the token: a quarter of the frame size is left for it. */
const withoutHello = (limits: Limits): Limits => ({ ...limits, frameBytes: Math.floor(limits.frameBytes * 0.75) });

/**
 * Sends all pending entries. Reads a first snapshot before, if an entry waits for one.
 *
 * Resolves once the outbox is empty. Rejects if the server is unreachable, refuses the account, or goes on refusing entries; the entries
 * stay pending.
 *
 * @param fence the fencing token that this host took just before.
 * @param timeoutMs how long the server may go on refusing, counted from the last entry that the server took.
 */
export const sendOutboxOverHttp = async (
  ports: Ports,
  account: Account,
  writer: Writer,
  fence: number,
  timeoutMs = REFUSED_TIMEOUT_MS,
): Promise<void> => {
  const { model } = writer;
  if ([...model.outbox.values()].some((entry) => awaitsSnapshot(model, entry))) await catchUpOverHttp(ports, account, writer, fence);
  return sendOutbox(ports, account, writer, fence, timeoutMs);
};

const sendOutbox = (ports: Ports, account: Account, writer: Writer, fence: number, timeoutMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let nextId = 0;
    const session = new HttpSession(ports.net, account, () => ports.token.getToken());
    /** Aborted once the outbox sender has ended: no request is sent after it. */
    const ending = new AbortController();
    let limits = withoutHello(DEFAULT_LIMITS);
    let isCursorLost = false;
    let refusedSince = ports.clock.mono();
    const end = (): void => {
      ending.abort();
      sender.stop();
      stop();
      stopListening();
    };
    const fail = (error: unknown): void => {
      end();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const take = (id: number, { welcome, answers }: HttpAnswer): void => {
      const answer = answers.find((frame) => frame.type === 'answer');
      const error = answers.find((frame) => frame.type === 'error');
      if (welcome) limits = withoutHello(welcome.limits);
      if (error?.code === 'auth/wrong-user') fail(errorOfFrame(error));
      else if (answer) {
        if (answer.results.some(({ outcome }) => outcome !== 'retry')) refusedSince = ports.clock.mono();
        sender.answer(answer);
      } else if (error?.code === 'server/busy') sender.busy(id, error.retryAfterMs ?? BUSY_MS);
      else if (error?.code === 'protocol/cursor-unknown') {
        // The entries are sent without the cursor. The next page gets the same error, and offers its confirmed entries again.
        isCursorLost = true;
        sender.cursorLost(id);
      } else if (error?.code === 'protocol/bad-frame' && error.id === id) sender.refused(id);
      else if (error) fail(new TransportError('transport/unreachable', error.message));
      else fail(new ProtocolError('protocol/bad-frame', 'the server answered a submit frame without an answer frame'));
    };
    const send = (frame: Frame<'submit'>): void => {
      session
        .ask([frame], SUBMIT_TIMEOUT_MS, ending.signal)
        .then((answer) => take(frame.id, answer))
        .catch((error: unknown) => {
          if (!ending.signal.aborted) fail(error);
        });
    };
    const finishWhenEmpty = (): void => {
      if (writer.model.outbox.size > 0 || sender.inFlightCount > 0) return;
      end();
      resolve();
    };
    const sender = new OutboxSender(
      ports,
      writer,
      {
        send,
        nextId: () => ++nextId,
        limits: () => limits,
        fence: () => fence,
        continues: () => !isCursorLost,
        silent: () => fail(new TransportError('transport/timeout', 'the server did not answer; all pending entries stay in the outbox')),
        failed: fail,
        changed: finishWhenEmpty,
        // The host ends at once: waiting is useless if the timeout comes before the end of the wait.
        waits: (ms) => {
          if (ports.clock.mono() + ms - refusedSince > timeoutMs)
            fail(
              new TransportError(
                'transport/timeout',
                `the server took no entry for ${timeoutMs / 1000} s; all pending entries stay in the outbox`,
              ),
            );
        },
      },
      new AdaptiveTimeout(),
    );
    const stop = writer.onChange(finishWhenEmpty);
    const stopListening = ports.bus.listen((hint) => {
      if (hint.type === 'logged-out') fail(new LoggedOutError(hint.kept));
    });
    sender.start();
    finishWhenEmpty();
  });
