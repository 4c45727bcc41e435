/**
 * One client's connection, from hello to close. Knows no socket library: frames come in as text, and go out through a
 * {@link Socket}. Frames are taken strictly in order, and nothing is answered before the token has named the account (I-24).
 */
import { ProtocolError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { BadFrame, decodeClientFrame } from '../protocol/codec.ts';
import type { ClientFrame } from '../protocol/frames.ts';
import { answerFetch, answerMembers, answerReceipts, viewerOf } from './answer-fetch.ts';
import { pullPage } from './changes.ts';
import { isStillSo } from './cursors.ts';
import type { Core } from './core.ts';
import { Greeting } from './greeting.ts';
import { Outgoing } from './outgoing.ts';
import type { Connection, Socket } from './socket.ts';
import { submitEntries } from './submit.ts';

const MAX_QUEUED_FRAMES = 256;
/** What readers of group messages tell within this long reaches their sender as one. */
const RECEIPTS_EVERY_MS = 250;

export interface ConnectionOptions {
  /** Asked a single time: nothing is told later, and a pull may wait for news. Default false. */
  readonly once?: boolean;
  /** Characters after which a pull stops short, to be continued by the next one; default none. */
  readonly answerChars?: number;
}

/** What a frame counts against its user's allowance. */
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

export const openConnection = (
  core: Core,
  socket: Socket,
  { once = false, answerChars = Infinity }: ConnectionOptions = {},
): Connection => {
  let cursor: string | undefined;
  /** The newest place an answer named on this connection: it is of this history, and is not looked for. */
  let told: string | undefined;
  let queued = 0;
  let waking = false;
  let work: Promise<void> = Promise.resolve();
  let receiptsAt = -Infinity;
  let cancelReceipts: (() => void) | undefined;
  /** Ends the wait of a pull that is held until there is news. */
  let release: (() => void) | undefined;

  const out = new Outgoing(core.clock, socket, () => {
    greeting.stop();
    cancelReceipts?.();
    release?.();
    core.connections.delete(connection);
  });
  const greeting = new Greeting(core, out, () => {
    if (!once) core.connections.add(connection);
  });

  /** Everything after the cursor, as soon as there is anything; after that time, that there is nothing. */
  const pullWaiting = async (me: UserId, from: string, waitMs: number): Promise<void> => {
    const until = core.clock.mono() + waitMs;
    core.connections.add(connection);
    while (core.clock.mono() < until) {
      // Listened for before it is looked: what is written in between is not slept through.
      const news = new Promise<void>((resolve) => (release = resolve));
      const cancel = core.clock.timer(until - core.clock.mono(), () => release?.());
      const before = out.sent;
      await pull(me, from, true);
      if (out.sent === before) await news;
      cancel();
      if (!out.open || out.sent > before) return;
    }
    await pull(me, from, false);
  };

  const isHere = async (seen: string | undefined): Promise<boolean> =>
    seen === undefined || seen === told || (await core.store.read('seen', (tx) => isStillSo(tx, seen)));

  const lostHistory = (): void => {
    cursor = undefined;
    out.refuse('protocol/cursor-unknown', 'this cursor is not of this history: pull from null');
  };

  /** Everything after the connection's cursor; `quietly` says nothing where nothing changed. */
  const pull = async (me: UserId, from: string | null, quietly: boolean, goesOn = false): Promise<void> => {
    const snapshot = from === null || goesOn;
    let at = from;
    for (;;) {
      await out.drained();
      if (!out.open) return;
      const here = at;
      const page = await core.store.read('changes', (tx) => pullPage(tx, viewerOf(core, me), here, snapshot));
      if (!page) return lostHistory();
      if (quietly && page.empty && page.complete) return;
      for (const frame of page.frames) {
        await out.drained();
        out.send(frame);
        cursor = at = frame.to;
      }
      if (page.complete || out.sent > answerChars) return;
    }
  };

  const take = async (frame: ClientFrame): Promise<void> => {
    if (!greeting.identity) return greeting.hello(frame);
    const me = greeting.identity.userId;
    const id = 'id' in frame ? frame.id : undefined;
    const retryAfterMs = core.buckets.take(me, cost(frame), core.policy().rate, core.clock.mono());
    if (retryAfterMs > 0) return out.refuse('server/busy', 'too much at once', id, retryAfterMs);
    switch (frame.type) {
      case 'hello':
        return out.bad('hello comes once');
      case 'auth':
        return greeting.renew(frame, me);
      case 'pull': {
        const { seen } = frame;
        if (!(await isHere(seen))) return lostHistory();
        if (!once || frame.cursor === null || !frame.waitMs) return pull(me, frame.cursor, false, frame.snapshot);
        return pullWaiting(me, frame.cursor, frame.waitMs);
      }
      case 'submit': {
        if (frame.entries.length > core.policy().limits.entries) return out.bad('more entries than limits.entries', frame.id);
        if (!(await isHere(frame.seen))) return out.refuse('protocol/cursor-unknown', 'what was acked there is lost', frame.id);
        const { results, hints, at } = await submitEntries(core, { userId: me, deviceId: greeting.deviceId }, frame.entries);
        out.send({ type: 'answer', id: frame.id, results: [...results], ...(at === undefined ? {} : { at }) });
        told = at ?? told;
        // Told after the answer, so that what a client did comes back to it as an answer first.
        for (const hint of hints) core.bus.publish(hint);
        return;
      }
      case 'fetch':
        return answerFetch(core, out, me, frame);
      case 'fetch-receipts':
        return answerReceipts(core, out, me, frame);
      case 'fetch-members':
        return answerMembers(core, out, me, frame);
      case 'ping':
        if (cursor !== undefined) await pull(me, cursor, true);
        return out.send({ type: 'pong' });
    }
  };

  const inTurn = (job: () => Promise<void> | void): void => {
    queued++;
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
    });
  };

  const wake = (): void => {
    if (waking || !out.open || cursor === undefined) return;
    waking = true;
    inTurn(async () => {
      waking = false;
      if (greeting.identity && cursor !== undefined) await pull(greeting.identity.userId, cursor, true);
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
      // Somebody who sends faster than answers come is not read any further.
      if (queued >= MAX_QUEUED_FRAMES) return out.end(CLOSE.tryLater, 'too many frames unanswered');
      inTurn(() => read(text));
    },
    receiveUnreadable: (why) => {
      if (out.open) inTurn(() => (greeting.identity ? out.bad(why) : out.fail('protocol/bad-frame', why, CLOSE.unauthorized)));
    },
    closed: () => out.closed(),
    wake: (kind = 'changes') => {
      if (once) release?.();
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
