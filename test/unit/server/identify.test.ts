/** The answers of the host's `authenticate`, and the reactions of the server. */
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../../src/errors.ts';
import type { Log } from '../../../src/logging.ts';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { decodeServerFrame } from '../../../src/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import type { Authenticate } from '../../../src/server/core.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

const NOW = 1_800_000_000_000;
const hello = { type: 'hello', version: PROTOCOL_VERSION, token: 't', userId: 'bob', deviceId: 'd' };

const serverWith = (authenticate: unknown): { server: ReceiptServer; clock: TestClock; logged: string[] } => {
  const clock = new TestClock();
  clock.wallAheadMs = NOW;
  const logged: string[] = [];
  const log: Log = (level, _event, details) => {
    if (level !== 'debug') logged.push((details as { readonly message: string }).message);
  };
  return {
    server: createReceiptServer({ store: createMemoryStore(), authenticate: authenticate as Authenticate, clock, log }),
    clock,
    logged,
  };
};

const greet = async (authenticate: unknown) => {
  const { server, logged } = serverWith(authenticate);
  const socket = new FakeSocket();
  const connection = server.connect(socket)!;
  connection.receive(JSON.stringify(hello));
  await connection.settled();
  // All frames fit the wire's schema.
  const frames = socket.sent.map((frame) => decodeServerFrame(JSON.stringify(frame)));
  return { frames, closedWith: socket.closedWith, logged };
};

describe('the identity from the host', () => {
  it.each([
    ['absent', undefined, null],
    ['null', null, null],
    ['in a minute', NOW + 60_000, 60_000],
    ['a fraction', NOW + 60_000.75, 60_000],
    ['infinite', Infinity, null],
    ['later than any date', 1e303, null],
  ])('the server accepts an expiresAt that is %s (F123)', async (_what, expiresAt, expiresInMs) => {
    const { frames, logged } = await greet(async () => ({ userId: 'bob', expiresAt }));
    expect(frames).toMatchObject([{ type: 'welcome', expiresInMs }]);
    expect(logged).toEqual([]);
  });

  it.each([
    ['a second ago', NOW - 1000, []],
    ['just now', NOW, []],
    ['before 1970', -1e303, []],
    ['in seconds', NOW / 1000 + 60, [expect.stringContaining('in ms, not in seconds')]],
  ])('the server refuses an identity as expired if its expiresAt is %s (F123)', async (_what, expiresAt, logs) => {
    const { frames, closedWith, logged } = await greet(async () => ({ userId: 'bob', expiresAt }));
    expect(frames).toMatchObject([{ type: 'error', code: 'auth/expired' }]);
    expect(closedWith).toBe(CLOSE.unauthorized);
    expect(logged).toEqual(logs);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'must answer { userId, expiresAt? }; got undefined'],
    ['text', 'bob', 'must answer { userId, expiresAt? }; got text of 3 characters'],
    ['a user that is a number', { userId: 42 }, 'a userId that is text; got number 42'],
    ['no user', {}, 'a userId that is text; got undefined'],
    ['an expiresAt that is no number', { userId: 'bob', expiresAt: NaN }, 'expiresAt in epoch ms, or none for never; got number NaN'],
    ['an expiresAt that is text', { userId: 'bob', expiresAt: '2030-01-01' }, 'expiresAt in epoch ms'],
    ['an expiresAt that is a Date', { userId: 'bob', expiresAt: new Date(NOW + 1000) }, 'expiresAt in epoch ms'],
  ])('if authenticate answers %s, the log names the host’s mistake and the client gets "try later" (F123)', async (_what, answer, says) => {
    const { frames, closedWith, logged } = await greet(async () => answer);
    expect(frames).toMatchObject([{ type: 'error', code: 'server/busy', retryAfterMs: 1000 }]);
    expect(closedWith).toBe(CLOSE.tryLater);
    expect(logged).toEqual([expect.stringContaining(says)]);
  });
});

it('an invalid userId from the host is refused, and the log names the userId (F123)', async () => {
  const { frames, logged } = await greet(async () => ({ userId: 'x'.repeat(129) }));
  expect(frames).toMatchObject([{ type: 'error', code: 'auth/forbidden', message: expect.stringContaining('names no account') as string }]);
  expect(logged).toEqual([expect.stringContaining('a userId that is no id')]);
});

describe('an error from the host’s authenticate', () => {
  const reject = (error: Error) => async () => Promise.reject(error);
  it.each<[string, unknown, string, number]>([
    ['forbidden', reject(new AuthError('auth/forbidden', 'x')), 'auth/forbidden', CLOSE.unauthorized],
    ['expired', reject(new AuthError('auth/expired', 'x')), 'auth/expired', CLOSE.unauthorized],
    ['unavailable', reject(new AuthError('auth/unavailable', 'x')), 'server/busy', CLOSE.tryLater],
    [
      'unavailable, as a copy of the class',
      reject(Object.assign(new Error('x'), { code: 'auth/unavailable' })),
      'server/busy',
      CLOSE.tryLater,
    ],
    [
      'unavailable, thrown at once',
      () => {
        throw new AuthError('auth/unavailable', 'x');
      },
      'server/busy',
      CLOSE.tryLater,
    ],
  ])('the error "%s" from authenticate reaches the client with its meaning (F123)', async (_what, authenticate, code, close) => {
    const { frames, closedWith, logged } = await greet(authenticate);
    expect(frames).toMatchObject([{ type: 'error', code }]);
    expect(closedWith).toBe(close);
    expect(logged).toEqual([]);
  });

  it('an unknown error from authenticate counts as forbidden, and the log says how to report "unavailable" (F123)', async () => {
    const { frames, logged } = await greet(reject(new Error('ECONNREFUSED')));
    expect(frames).toMatchObject([{ type: 'error', code: 'auth/forbidden' }]);
    expect(logged).toEqual([expect.stringContaining('"auth/unavailable" says that it cannot be checked now')]);
  });

  it('an authenticate without an answer counts as unavailable, over WebSocket and HTTP (F123)', async () => {
    const { server, clock, logged } = serverWith(() => new Promise(() => undefined));
    const socket = new FakeSocket();
    server.connect(socket)!.receive(JSON.stringify(hello));
    const answer = server.request(JSON.stringify([hello]));
    await clock.pass(8000);
    expect(socket.sent).toMatchObject([{ type: 'error', code: 'server/busy' }]);
    expect(socket.closedWith).toBe(CLOSE.tryLater);
    expect(await answer).toMatchObject({ status: 503, retryAfterMs: 1000 });
    expect(logged).toEqual(['authenticate did not answer within 8000 ms', 'authenticate did not answer within 8000 ms']);
  });
});
