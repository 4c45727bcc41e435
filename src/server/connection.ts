/**
 * One client's connection, from hello to close. Knows no socket library: frames come in as text, and go out through a
 * {@link Socket}. Frames are taken strictly in order, and nothing is answered before the token has named the account (I-24).
 */
import { AuthError, ProtocolError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { BadFrame, decodeClientFrame, encodeFrame, MAX_SERVER_FRAME_BYTES } from '../protocol/codec.ts';
import type { ClientFrame, Frame, ServerFrame } from '../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import { pullPage } from './changes.ts';
import type { Core, Identity } from './core.ts';
import { planFetch, readMessages } from './fetch-messages.ts';
import { groupIdsIn } from './groups.ts';
import { findReceipts, listMembers, listPlaceOf } from './questions.ts';
import type { Connection, Socket } from './socket.ts';
import { submitEntries } from './submit.ts';
import type { Viewer } from './wire-messages.ts';

const HELLO_WITHIN_MS = 10_000;
const MAX_QUEUED_FRAMES = 256;
const MAX_BAD_FRAMES = 20;
/** Above this a reader is slow: nothing more is read for it until it has taken what it was given. */
const HIGH_WATER_BYTES = 256 * 1024;
/** A reader that takes nothing for this long is closed. */
const STALLED_AFTER_MS = 10_000;
const DRAIN_POLL_MS = 50;
/** What readers of group messages tell within this long reaches their sender as one. */
const RECEIPTS_EVERY_MS = 250;
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ConnectionOptions {
  /** Bytes after which a pull stops short, to be continued by the next one; default none. */
  readonly answerBytes?: number;
}

export const openConnection = (core: Core, socket: Socket, { answerBytes = Infinity }: ConnectionOptions = {}): Connection => {
  let identity: Identity | undefined;
  let deviceId = '';
  let cursor: string | undefined;
  let open = true;
  let badFrames = 0;
  let queued = 0;
  let waking = false;
  let sentBytes = 0;
  let work: Promise<void> = Promise.resolve();
  let cancelExpiry: () => void = () => undefined;
  let receiptsAt = -Infinity;
  let cancelReceipts: (() => void) | undefined;

  const send = (frame: ServerFrame): void => {
    if (!open) return;
    const text = encodeFrame(frame);
    sentBytes += text.length;
    socket.send(text);
  };
  const forget = (): void => {
    open = false;
    cancelHello();
    cancelExpiry();
    cancelReceipts?.();
    core.connections.delete(connection);
  };
  const end = (code: number, reason: string): void => {
    if (!open) return;
    forget();
    socket.close(code, reason);
  };
  const refuse = (code: Frame<'error'>['code'], message: string, id?: number, retryAfterMs?: number): void =>
    send({ type: 'error', code, message, ...(id === undefined ? {} : { id }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  const fail = (code: Frame<'error'>['code'], message: string, close: number): void => {
    refuse(code, message);
    end(close, code);
  };
  const bad = (message: string, id?: number): void => {
    refuse('protocol/bad-frame', message, id);
    if (++badFrames > MAX_BAD_FRAMES) end(1008, 'too many bad frames');
  };
  const cancelHello = core.clock.timer(HELLO_WITHIN_MS, () => {
    if (!identity) end(CLOSE.helloTimeout, 'no hello');
  });

  /** Waits while the reader is slow; what changes meanwhile is told in one step when it is back (F109). */
  const drained = async (): Promise<void> => {
    let before = socket.buffered;
    let since = core.clock.mono();
    while (open && socket.buffered > HIGH_WATER_BYTES) {
      await new Promise<void>((resolve) => core.clock.timer(DRAIN_POLL_MS, resolve));
      if (socket.buffered < before) since = core.clock.mono();
      else if (core.clock.mono() - since > STALLED_AFTER_MS) end(CLOSE.tooSlow, 'not reading');
      before = socket.buffered;
    }
  };

  const verify = async (token: string): Promise<Identity | undefined> => {
    try {
      return await core.authenticate(token);
    } catch (error) {
      const code = error instanceof AuthError ? error.code : 'auth/forbidden';
      if (code === 'auth/unavailable') {
        refuse('server/busy', 'the token cannot be checked now', undefined, 1000);
        end(CLOSE.tryLater, 'server/busy');
      } else fail(code === 'auth/expired' ? code : 'auth/forbidden', 'the token was refused', CLOSE.unauthorized);
      return undefined;
    }
  };
  const sendWelcome = ({ userId, expiresAt = null }: Identity): void =>
    send({
      type: 'welcome',
      version: PROTOCOL_VERSION,
      userId,
      expiresInMs: expiresAt === null ? null : Math.max(0, Math.floor(expiresAt - core.clock.wall())),
      limits: core.policy().limits,
      receipts: core.policy().receipts,
    });
  const welcome = (who: Identity): void => {
    identity = who;
    cancelHello();
    cancelExpiry();
    const expiresAt = who.expiresAt ?? null;
    if (expiresAt !== null) {
      const arm = (): void => {
        const left = expiresAt - core.clock.wall();
        cancelExpiry = core.clock.timer(Math.max(0, Math.min(left, MAX_TIMER_MS)), () =>
          expiresAt > core.clock.wall() ? arm() : fail('auth/expired', 'the token ended', CLOSE.unauthorized),
        );
      };
      arm();
    }
    sendWelcome(who);
  };
  const hello = async (frame: ClientFrame): Promise<void> => {
    if (frame.type !== 'hello') return fail('auth/forbidden', 'hello comes first', CLOSE.unauthorized);
    if (frame.version !== PROTOCOL_VERSION)
      return fail('protocol/version-unsupported', `this server speaks version ${PROTOCOL_VERSION}`, CLOSE.versionUnsupported);
    deviceId = frame.deviceId;
    const who = await verify(frame.token);
    if (!who || !open) return;
    if (who.userId !== frame.userId) return fail('auth/wrong-user', 'the token names somebody else', CLOSE.wrongUser);
    // One that asks a single time is told nothing later.
    if (answerBytes === Infinity) core.connections.add(connection);
    welcome(who);
  };
  const renew = async ({ token }: Frame<'auth'>, me: UserId): Promise<void> => {
    const who = await verify(token);
    if (!who || !open) return;
    if (who.userId !== me) return fail('auth/wrong-user', 'the token names somebody else', CLOSE.wrongUser);
    welcome(who);
  };

  const viewer = (me: UserId): Viewer => ({ userId: me, everybodys: core.policy().receipts.visibleTo === 'members' });

  /** Everything after the connection's cursor; `quietly` says nothing where nothing changed. */
  const pull = async (me: UserId, from: string | null, quietly: boolean): Promise<void> => {
    const snapshot = from === null;
    let at = from;
    for (;;) {
      await drained();
      if (!open) return;
      const here = at;
      const page = await core.store.read('changes', (tx) => pullPage(tx, viewer(me), here, snapshot));
      if (!page) {
        cursor = undefined;
        return refuse('protocol/cursor-unknown', 'this cursor is not of this history: pull from null');
      }
      if (quietly && page.empty && page.complete) return;
      for (const frame of page.frames) {
        await drained();
        send(frame);
        cursor = at = frame.to;
      }
      if (page.complete || sentBytes > answerBytes) return;
    }
  };
  const fetchMessages = async ({ id, wants }: Frame<'fetch'>, me: UserId): Promise<void> => {
    await core.groups.mirror(groupIdsIn(wants));
    const plan = await core.store.read('plan-fetch', (tx) => planFetch(tx, me, wants, core.policy().limits.fetchMessages));
    for (const { want, stretches } of plan) {
      await drained();
      if (!open) return;
      const lists = await core.store.read('fetch', (tx) => readMessages(tx, viewer(me), stretches, MAX_SERVER_FRAME_BYTES - 1024));
      for (const messages of lists)
        send({ type: 'messages', id, of: [{ conversationId: want.conversationId, messages }], complete: false });
    }
    send({ type: 'messages', id, of: [], complete: true });
  };

  const fetchReceipts = async ({ id, messageIds }: Frame<'fetch-receipts'>, me: UserId): Promise<void> => {
    if (messageIds.length > core.policy().limits.receiptIds) return bad('more ids than limits.receiptIds', id);
    send({ type: 'receipts', id, receipts: await core.store.read('receipts', (tx) => findReceipts(tx, viewer(me), messageIds)) });
  };
  const fetchMembers = async (frame: Frame<'fetch-members'>, me: UserId): Promise<void> => {
    const { id, cursor: place, filter } = frame;
    const after = place === null ? null : listPlaceOf(place, filter);
    if (after === undefined) return bad('this cursor is not of this list', id);
    const ask = { ...frame, limit: Math.min(frame.limit, core.policy().limits.members) };
    send({ type: 'members', id, ...(await core.store.read('members', (tx) => listMembers(tx, viewer(me), ask, after))) });
  };

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

  const take = async (frame: ClientFrame): Promise<void> => {
    if (!identity) return hello(frame);
    const me = identity.userId;
    const id = 'id' in frame ? frame.id : undefined;
    const retryAfterMs = core.buckets.take(me, cost(frame), core.policy().rate, core.clock.mono());
    if (retryAfterMs > 0) return refuse('server/busy', 'too much at once', id, retryAfterMs);
    switch (frame.type) {
      case 'hello':
        return bad('hello comes once');
      case 'auth':
        return renew(frame, me);
      case 'pull':
        return pull(me, frame.cursor, false);
      case 'submit': {
        if (frame.entries.length > core.policy().limits.entries) return bad('more entries than limits.entries', frame.id);
        const { results, hints } = await submitEntries(core, { userId: me, deviceId }, frame.entries);
        send({ type: 'answer', id: frame.id, results: [...results] });
        // Told after the answer, so that what a client did comes back to it as an answer first.
        for (const hint of hints) core.bus.publish(hint);
        return;
      }
      case 'fetch':
        return fetchMessages(frame, me);
      case 'fetch-receipts':
        return fetchReceipts(frame, me);
      case 'fetch-members':
        return fetchMembers(frame, me);
      case 'ping':
        if (cursor !== undefined) await pull(me, cursor, true);
        return send({ type: 'pong' });
    }
  };

  const inTurn = (job: () => Promise<void>): void => {
    queued++;
    work = work.then(async () => {
      queued--;
      if (!open) return;
      await drained();
      try {
        await job();
      } catch (error) {
        core.log('a frame failed', error);
        refuse('server/busy', 'something failed; try again', undefined, 1000);
        end(CLOSE.tryLater, 'server/busy');
      }
    });
  };

  const wake = (): void => {
    if (waking || !open || cursor === undefined) return;
    waking = true;
    inTurn(async () => {
      waking = false;
      if (identity && cursor !== undefined) await pull(identity.userId, cursor, true);
    });
  };
  /** At once where it has been quiet, else when the time is over: whatever was told meanwhile is one step. */
  const wakeForReceipts = (): void => {
    if (cancelReceipts || !open) return;
    const left = receiptsAt + RECEIPTS_EVERY_MS - core.clock.mono();
    const go = (): void => {
      cancelReceipts = undefined;
      receiptsAt = core.clock.mono();
      wake();
    };
    if (left > 0) cancelReceipts = core.clock.timer(left, go);
    else go();
  };

  const connection: Connection = {
    receive: (text) => {
      if (!open) return;
      // Somebody who sends faster than answers come is not read any further.
      if (queued >= MAX_QUEUED_FRAMES) return end(CLOSE.tryLater, 'too many frames unanswered');
      inTurn(async () => {
        let frame: ClientFrame;
        try {
          frame = decodeClientFrame(text);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          if (!identity) return fail('protocol/bad-frame', error.message, CLOSE.unauthorized);
          return bad(error.message, error instanceof BadFrame ? error.requestId : undefined);
        }
        await take(frame);
      });
    },
    receiveUnreadable: (why) => {
      if (open) inTurn(async () => (identity ? bad(why) : fail('protocol/bad-frame', why, CLOSE.unauthorized)));
    },
    closed: forget,
    wake: (kind = 'changes') => (kind === 'receipts' ? wakeForReceipts() : wake()),
    tellPolicy: () => {
      if (open && identity)
        inTurn(async () => {
          if (identity) sendWelcome(identity);
        });
    },
    end,
    get userId() {
      return identity?.userId;
    },
    settled: () => work,
  };
  return connection;
};
