/**
 * One client's connection, from hello to close. The connection knows no socket library: frames arrive as
 * text, and leave through a {@link Socket}. Frames run strictly in order, and the connection answers nothing
 * before the token names the account (I-24).
 *
 *              hello, token valid            silence, slow reader, bad frames, token expired, end(), socket closed
 *   greeting ───────────────────▶ named ──────────────────────────────▶ closed ── work done ──▶ ticket given back
 *      │                                                                  ▲
 *      └───────── no hello within 10 s, hello refused, token refused ─────┘
 *
 * One queue runs all jobs of the connection in their order:
 *
 *   frame of the client ─▶ ┌───────┐ ─▶ over a limit: refuse it, pause
 *                          │       │    within the limits: answer it, then publish its hints
 *   hint of the bus ─────▶ │ queue │ ─▶ pull the changes after the client's cursor
 *   change of policy ────▶ └───────┘ ─▶ send welcome again
 *
 * Between two pages of a long answer, waiting entries and questions run (`job-queue.ts`).
 */
import { ProtocolError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { BadFrame, decodeClientFrame } from '../../protocol/codec.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import { type Busy, chargeAnswer, isCharged, takeCost } from './allowance.ts';
import { answerFetch, answerMembers, answerReceipts } from './answer-fetch.ts';
import type { Ticket } from '../admission.ts';
import { isStillConfirmed } from '../feed/cursors.ts';
import type { Core } from '../core.ts';
import { FeedSender } from './feed-sender.ts';
import { Greeting } from './greeting.ts';
import { JobQueue, type QueuedJob } from './job-queue.ts';
import { Outgoing } from './outgoing.ts';
import { Silence } from './silence.ts';
import type { Connection, Socket } from '../socket.ts';
import { submitEntries } from '../submit/submit.ts';
import { inTurnsOf } from '../store/turns.ts';
import { errorDetails } from '../../logging.ts';

/** Frames a client may send ahead of the answers. Above these limits the connection ends. */
const MAX_QUEUED_FRAMES = 256;
const MAX_QUEUED_CHARS = 320 * 1024;
/** The same limit before the token is checked: room for hello and the frames of the same flight. */
const MAX_UNNAMED_CHARS = 128 * 1024;
/** Longest pause in reading from a client after a busy answer. */
const MAX_PAUSE_MS = 1000;
/** Frames that a client need not wait for behind a long answer: entries, and the messages of a chat that the user opens. */
const OVERTAKING: ReadonlySet<ClientFrame['type']> = new Set(['submit', 'fetch', 'fetch-receipts', 'fetch-members']);
/** Receipts of group messages within this time reach their sender in one step. */
const RECEIPTS_EVERY_MS = 250;

export interface ConnectionOptions {
  /** The connection's share of the limits of its address and account; given back at the end. */
  readonly ticket: Ticket;
  /**
   * Set for the one exchange of an HTTP request: the server sends nothing afterwards, and a pull may wait for
   * news. Limits in characters:
   */
  readonly once?: {
    /** A pull stops above this size, and the next pull continues. */
    readonly pullChars: number;
    /** Above this size further frames are refused, and the client asks in another request. */
    readonly answerChars: number;
  };
}

export const openConnection = (shared: Core, socket: Socket, { ticket, once }: ConnectionOptions): Connection => {
  /** The shared core. Once the account is known, its store takes the turns of this account. */
  let core = shared;
  /**
   * The newest cursor in an answer on this connection. This history contains the cursor, so no lookup is
   * necessary.
   */
  let lastAnswerAt: string | undefined;
  let waking = false;
  let receiptsAt = -Infinity;
  let cancelReceipts: (() => void) | undefined;
  let cancelLook: (() => void) | undefined;
  let endPause: (() => void) | undefined;

  const out = new Outgoing(core.clock, socket, () => {
    greeting.stop();
    silence.stop();
    cancelReceipts?.();
    cancelLook?.();
    feed.release();
    endPause?.();
    if (greeting.identity) core.connections.delete(greeting.identity.userId, connection);
    if (greeting.identity && !once) core.log('debug', 'connection-closed');
    // The ticket is given back only after all running work: a slow `authenticate` still holds the token.
    void queue.work.finally(() => ticket.leave());
  });
  const greeting = new Greeting(core, out, (userId) => {
    if (!ticket.name(userId)) return false;
    core = { ...shared, store: inTurnsOf(shared.store, shared.turns, userId) };
    if (once) return true;
    core.connections.add(userId, connection);
    core.log('debug', 'connection-opened');
    silence.start();
    return true;
  });
  const feed = new FeedSender(
    () => core,
    out,
    () => letOvertake(),
    (ms) => {
      cancelLook?.();
      cancelLook = core.clock.timer(ms, () => connection.wake());
    },
    once?.pullChars,
  );
  const silence = new Silence(
    core.clock,
    () => core.policy().limits.heartbeatMs,
    () => out.end(CLOSE.silent, 'no frame within four heartbeats'),
  );

  const isConfirmedHere = async (confirmedAt: string | undefined): Promise<boolean> =>
    confirmedAt === undefined ||
    confirmedAt === lastAnswerAt ||
    (await core.store.read('confirmedAt', (tx) => isStillConfirmed(tx, confirmedAt)));

  /** The reason for refusing a frame now; `undefined` if the frame runs now. */
  const busyReason = (frame: ClientFrame, me: UserId): Busy | undefined =>
    once && out.sent > once.answerChars ? { why: 'the answer is full: ask for this in another request', ms: 0 } : takeCost(core, frame, me);

  const pause = async (ms: number): Promise<void> => {
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      endPause = resolve;
      cancel = core.clock.timer(ms, resolve);
    });
    cancel?.();
    endPause = undefined;
  };

  const take = async (frame: ClientFrame): Promise<void> => {
    if (!greeting.identity) return greeting.hello(frame);
    const me = greeting.identity.userId;
    const id = 'id' in frame ? frame.id : undefined;
    const busy = busyReason(frame, me);
    if (busy) {
      out.refuse('server/busy', busy.why, id, busy.ms);
      return once ? undefined : pause(Math.min(busy.ms, MAX_PAUSE_MS));
    }
    // A waiting pull does no work meanwhile, so it takes no turn.
    if (frame.type === 'pull' && frame.waitMs) return charged(frame, me);
    return core.turns.during(me, () => charged(frame, me));
  };

  const charged = async (frame: ClientFrame, me: UserId): Promise<void> => {
    // Frames overtake a long answer, and each answer is charged by its own rule.
    const before = out.charge;
    out.charge = isCharged(frame) ? (chars) => chargeAnswer(core, chars, me) : undefined;
    try {
      await answer(frame, me);
    } finally {
      out.charge = before;
    }
  };

  const answer = async (frame: ClientFrame, me: UserId): Promise<void> => {
    switch (frame.type) {
      case 'hello':
        return out.bad('hello comes once');
      case 'auth':
        return greeting.renew(frame, me);
      case 'pull': {
        const { confirmedAt } = frame;
        if (!(await isConfirmedHere(confirmedAt))) return feed.lostHistory();
        if (!once || frame.cursor === null || !frame.waitMs)
          return feed.pull(me, frame.cursor, false, frame.snapshot, frame.live ? 'all' : 'none');
        core.connections.add(me, connection);
        return feed.pullWaiting(me, frame.cursor, frame.waitMs);
      }
      case 'submit': {
        if (frame.entries.length > core.policy().limits.entries) return out.bad('more entries than limits.entries', frame.id);
        if (!(await isConfirmedHere(frame.confirmedAt)))
          return out.refuse('protocol/cursor-unknown', 'the server has lost entries confirmed up to this cursor: pull from null', frame.id);
        const { results, hints, at } = await submitEntries(core, { userId: me, deviceId: greeting.deviceId }, frame.entries);
        out.send({ type: 'answer', id: frame.id, results: [...results], ...(at === undefined ? {} : { at }) });
        lastAnswerAt = at ?? lastAnswerAt;
        // Hints follow the answer, so that a client learns of its own entries from the answer first.
        for (const hint of hints) core.bus.publish(hint);
        return;
      }
      case 'fetch':
        return answerFetch(core, out, me, frame, letOvertake, () => !once || out.sent <= once.answerChars);
      case 'fetch-receipts':
        return answerReceipts(core, out, me, frame);
      case 'fetch-members':
        return answerMembers(core, out, me, frame);
      case 'ping': {
        const caughtUp = await feed.pullNews(me);
        return out.send({ type: 'pong', ...(caughtUp ? { caughtUp } : {}) });
      }
    }
  };

  const queue = new JobQueue(async ({ run, chars }) => {
    if (!out.open) return;
    await out.drained();
    try {
      await run();
    } catch (error) {
      core.log('error', 'frame-failed', errorDetails(error));
      out.failBusy('something failed; try again');
    }
    if (chars > 0) silence.heard();
  });
  /** Queues a job of the server behind all earlier frames. */
  const inTurn = (run: () => Promise<void> | void): void => queue.add({ run, chars: 0, overtakes: () => false });
  /** In an HTTP answer every frame keeps its place. */
  const letOvertake = async (): Promise<void> => (once ? undefined : queue.letOvertake());

  const wake = (): void => {
    // If a first pull is running, this pull follows and sends the changes written since.
    if (waking || !out.open) return;
    waking = true;
    inTurn(async () => {
      waking = false;
      if (greeting.identity) await feed.pullNews(greeting.identity.userId);
    });
  };
  /**
   * Pulls at once after a quiet time, otherwise at the end of the interval, so that all receipts of the
   * interval are one step.
   */
  const wakeForReceipts = (): void => {
    if (cancelReceipts || !out.open) return;
    const left = receiptsAt + RECEIPTS_EVERY_MS - core.clock.mono();
    const go = (): void => {
      cancelReceipts = undefined;
      receiptsAt = core.clock.mono();
      wake();
    };
    if (left > 0) cancelReceipts = core.clock.timer(left, go);
    else go();
  };

  const read = async (decode: () => ClientFrame): Promise<void> => {
    let frame: ClientFrame;
    try {
      frame = decode();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (!greeting.identity) return out.fail('protocol/bad-frame', error.message, CLOSE.unauthorized);
      return out.bad(error.message, error instanceof BadFrame ? error.requestId : undefined);
    }
    await take(frame);
  };

  const frameJob = (text: string): QueuedJob => {
    let frame: ClientFrame | undefined;
    const decode = (): ClientFrame => (frame ??= decodeClientFrame(text));
    const overtakes = (): boolean => {
      try {
        return OVERTAKING.has(decode().type);
      } catch {
        return false; // the job itself refuses the frame
      }
    };
    return { run: () => read(decode), chars: text.length, overtakes };
  };

  const connection: Connection = {
    receive: (text) => {
      if (!out.open) return;
      silence.heard();
      // A client far ahead of the answers is closed.
      const maxChars = greeting.identity ? MAX_QUEUED_CHARS : MAX_UNNAMED_CHARS;
      if (queue.length >= MAX_QUEUED_FRAMES || queue.chars + text.length > maxChars)
        return out.end(CLOSE.tryLater, 'too many unanswered frames');
      queue.add(frameJob(text));
    },
    receiveUnreadable: (why) => {
      if (out.open) inTurn(() => (greeting.identity ? out.bad(why) : out.fail('protocol/bad-frame', why, CLOSE.unauthorized)));
    },
    closed: () => out.closed(),
    wake: (kind = 'changes') => {
      if (once) feed.release();
      else if (kind === 'receipts') wakeForReceipts();
      else wake();
    },
    tellPolicy: () => {
      if (out.open && greeting.identity) inTurn(() => greeting.repeat());
    },
    end: (code, reason) => out.end(code, reason),
    get userId() {
      return greeting.identity?.userId;
    },
    settled: () => queue.work,
  };
  return connection;
};
