/**
 * One client's connection, from hello to close. Knows no socket library: frames come in as text, and go out through a
 * {@link Socket}. Frames are taken strictly in order, and nothing is answered before the token has named the account (I-24).
 */
import { ProtocolError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { BadFrame, decodeClientFrame } from '../../protocol/codec.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import { answerFetch, answerMembers, answerReceipts } from './answer-fetch.ts';
import type { Ticket } from '../admission.ts';
import { isStillConfirmed } from '../feed/cursors.ts';
import type { Core } from '../core.ts';
import { FeedSender } from './feed-sender.ts';
import { Greeting } from './greeting.ts';
import { Outgoing } from './outgoing.ts';
import { Silence } from './silence.ts';
import type { Connection, Socket } from '../socket.ts';
import { submitEntries } from '../submit/submit.ts';
import { inTurnsOf } from '../store/turns.ts';

/** What a client may send ahead of the answers. A larger part is never kept: the connection ends. */
const MAX_QUEUED_FRAMES = 256;
const MAX_QUEUED_CHARS = 320 * 1024;
/** Before the token is checked: room for hello and what a client sends in the same flight. */
const MAX_UNNAMED_CHARS = 128 * 1024;
/** A user with more waiting work than the store does in this time is told to come back when it is done. */
const MAX_BACKLOG_MS = 500;
/** A client that was told to come back later is not read for as long, but no longer than this. */
const MAX_PAUSE_MS = 1000;
/** What readers of group messages tell within this long reaches their sender as one. */
const RECEIPTS_EVERY_MS = 250;

export interface ConnectionOptions {
  /** Its place among the connections of its address and account; given back at the end. */
  readonly ticket: Ticket;
  /** Asked a single time: nothing is told later, and a pull may wait for news. What one answer holds, in characters: */
  readonly once?: {
    /** A pull stops short behind this, and is continued by the next one. */
    readonly pullChars: number;
    /** Behind this nothing more is answered: the client asks in another request. */
    readonly answerChars: number;
  };
}

/** What a frame counts against its user's allowance before it is answered. What the answer costs is counted as it is sent. */
const cost = (frame: ClientFrame): number => {
  switch (frame.type) {
    case 'submit':
      return frame.entries.length;
    case 'fetch':
      return frame.wants.length;
    case 'fetch-receipts':
      return frame.messageIds.length;
    default:
      return 1;
  }
};

/** Frames that ask: their answers count against the allowance. What is told unasked, and what an entry left behind, does not. */
const ASKING: ReadonlySet<ClientFrame['type']> = new Set(['pull', 'fetch', 'fetch-receipts', 'fetch-members']);

export const openConnection = (shared: Core, socket: Socket, { ticket, once }: ConnectionOptions): Connection => {
  /** What all connections share; once the account is named, with the store as this account reaches it. */
  let core = shared;
  /** The newest place an answer named on this connection: it is of this history, and is not looked for. */
  let lastAnswerAt: string | undefined;
  let queued = 0;
  let queuedChars = 0;
  let waking = false;
  let work: Promise<void> = Promise.resolve();
  let receiptsAt = -Infinity;
  let cancelReceipts: (() => void) | undefined;
  let endPause: (() => void) | undefined;

  const out = new Outgoing(core.clock, socket, () => {
    greeting.stop();
    silence.stop();
    cancelReceipts?.();
    feed.release();
    endPause?.();
    if (greeting.identity) core.connections.delete(greeting.identity.userId, connection);
    // Its place is free when nothing of it is left: an `authenticate` that takes its time still holds the token.
    void work.finally(() => ticket.leave());
  });
  const greeting = new Greeting(core, out, (userId) => {
    if (!ticket.name(userId)) return false;
    core = { ...shared, store: inTurnsOf(shared.store, shared.turns, userId) };
    if (once) return true;
    core.connections.add(userId, connection);
    silence.start();
    return true;
  });
  const feed = new FeedSender(() => core, out, once?.pullChars);
  const silence = new Silence(
    core.clock,
    () => core.policy().limits.heartbeatMs,
    () => out.end(CLOSE.silent, 'nothing heard'),
  );

  const isConfirmedHere = async (confirmedAt: string | undefined): Promise<boolean> =>
    confirmedAt === undefined ||
    confirmedAt === lastAnswerAt ||
    (await core.store.read('confirmedAt', (tx) => isStillConfirmed(tx, confirmedAt)));

  /** Why a frame is not answered now; the same again after so many ms. */
  const busyReason = (frame: ClientFrame, me: UserId): { readonly why: string; readonly ms: number } | undefined => {
    if (once && out.sent > once.answerChars) return { why: 'the answer is full: ask for this in another request', ms: 0 };
    const backlogMs = frame.type === 'auth' || frame.type === 'ping' ? 0 : core.turns.backlogMs(me);
    if (backlogMs > MAX_BACKLOG_MS) return { why: 'more than the server can do for one account', ms: Math.ceil(backlogMs) };
    const ms = core.buckets.take(me, cost(frame), core.policy().rate, core.clock.mono());
    return ms > 0 ? { why: 'too much at once', ms } : undefined;
  };

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
    // A pull that is held does nothing meanwhile.
    if (frame.type === 'pull' && frame.waitMs) return charged(frame, me);
    return core.turns.during(me, () => charged(frame, me));
  };

  const charged = async (frame: ClientFrame, me: UserId): Promise<void> => {
    if (!ASKING.has(frame.type)) return answer(frame, me);
    out.charge = (chars) => core.buckets.charge(me, chars / 1024, core.policy().rate, core.clock.mono());
    try {
      await answer(frame, me);
    } finally {
      out.charge = undefined;
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
        if (!once || frame.cursor === null || !frame.waitMs) return feed.pull(me, frame.cursor, false, frame.snapshot);
        core.connections.add(me, connection);
        return feed.pullWaiting(me, frame.cursor, frame.waitMs);
      }
      case 'submit': {
        if (frame.entries.length > core.policy().limits.entries) return out.bad('more entries than limits.entries', frame.id);
        if (!(await isConfirmedHere(frame.confirmedAt)))
          return out.refuse('protocol/cursor-unknown', 'what was acked there is lost', frame.id);
        const { results, hints, at } = await submitEntries(core, { userId: me, deviceId: greeting.deviceId }, frame.entries);
        out.send({ type: 'answer', id: frame.id, results: [...results], ...(at === undefined ? {} : { at }) });
        lastAnswerAt = at ?? lastAnswerAt;
        // Told after the answer, so that what a client did comes back to it as an answer first.
        for (const hint of hints) core.bus.publish(hint);
        return;
      }
      case 'fetch':
        return answerFetch(core, out, me, frame, () => !once || out.sent <= once.answerChars);
      case 'fetch-receipts':
        return answerReceipts(core, out, me, frame);
      case 'fetch-members':
        return answerMembers(core, out, me, frame);
      case 'ping':
        await feed.pullNews(me);
        return out.send({ type: 'pong' });
    }
  };

  /** @param chars of the client's frame; 0 for what the server does by itself. */
  const inTurn = (job: () => Promise<void> | void, chars = 0): void => {
    queued++;
    queuedChars += chars;
    work = work.then(async () => {
      queued--;
      if (!out.open) return;
      await out.drained();
      try {
        await job();
      } catch (error) {
        core.log('a frame failed', error);
        out.failBusy('something failed; try again');
      }
      queuedChars -= chars;
      if (chars > 0) silence.heard();
    });
  };

  const wake = (): void => {
    // A first pull may be on its way: what was written since it was read is told behind it.
    if (waking || !out.open) return;
    waking = true;
    inTurn(async () => {
      waking = false;
      if (greeting.identity) await feed.pullNews(greeting.identity.userId);
    });
  };
  /** At once where it has been quiet, else when the time is over: whatever was told meanwhile is one step. */
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

  const read = async (text: string): Promise<void> => {
    let frame: ClientFrame;
    try {
      frame = decodeClientFrame(text);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (!greeting.identity) return out.fail('protocol/bad-frame', error.message, CLOSE.unauthorized);
      return out.bad(error.message, error instanceof BadFrame ? error.requestId : undefined);
    }
    await take(frame);
  };

  const connection: Connection = {
    receive: (text) => {
      if (!out.open) return;
      silence.heard();
      // A client that sends faster than answers come is not read any further.
      const maxChars = greeting.identity ? MAX_QUEUED_CHARS : MAX_UNNAMED_CHARS;
      if (queued >= MAX_QUEUED_FRAMES || queuedChars + text.length > maxChars) return out.end(CLOSE.tryLater, 'too much unanswered');
      inTurn(() => read(text), text.length);
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
    settled: () => work,
  };
  return connection;
};
