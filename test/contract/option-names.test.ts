/** Every entry point of the package refuses options with unknown names, and ids that contain U+FEFF, by name. */
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/logging.ts';
import { CommandLineError, readCommandLine } from '../../src/cli/options.ts';
import { issueDevToken, authenticateBySecret } from '../../src/cli/tokens.ts';
import { checkOptions } from '../../src/client/options.ts';
import { runConformance } from '../../src/conformance/index.ts';
import { UsageError } from '../../src/errors.ts';
import { ID_RULE } from '../../src/model/ids.ts';
import { nearestName, readOptions } from '../../src/model/option-names.ts';
import type { ClientFrame, ServerFrame } from '../../src/protocol/frames.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';
import { installReceiptSync } from '../../src/service-worker/index.ts';
import { createTestWorld } from '../../src/testing/index.ts';
import { authenticate, hello } from './server-harness.ts';

/** Callers without types may pass any value. */
const untyped = (options: object): never => options as never;
const serverWith = (options: object = {}): ReceiptServer => createReceiptServer({ store: createMemoryStore(), authenticate, ...options });
const server = serverWith();
const world = createTestWorld();
const page = { url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' };
const nowhere = { addEventListener: () => undefined } as never;
const message = { from: 'ann', to: { user: 'ben' }, body: 1 };

/** The error thrown by the call, or the reason of its rejection. */
const failureOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('it was taken');
};

describe('an option with an unknown name', () => {
  it.each<[string, () => unknown, string]>([
    ['createReceiptClient', () => checkOptions(untyped({ ...page, readReciepts: true })), '"readReciepts"; did you mean "readReceipts"?'],
    [
      'the retention of createReceiptClient',
      () => checkOptions(untyped({ ...page, retention: { day: 3 } })),
      'retention: unknown option "day"; did you mean "days"?',
    ],
    [
      'installReceiptSync',
      () => installReceiptSync(nowhere, untyped({ ...page, notifcation: 1 })),
      'unknown option "userId"; the known options are url, ',
    ],
    ['createReceiptServer', () => serverWith({ polcy: {} }), 'createReceiptServer: unknown option "polcy"; did you mean "policy"?'],
    [
      'the policy of createReceiptServer',
      () => serverWith({ policy: { reciepts: {} } }),
      'policy: unknown option "reciepts"; did you mean "receipts"?',
    ],
    [
      'the directory of createReceiptServer',
      () => serverWith({ directory: { mayMesage: () => false } }),
      '"mayMesage"; did you mean "mayMessage"?',
    ],
    ['setPolicy', () => server.setPolicy(untyped({ limit: {} })), 'unknown option "limit"; did you mean "limits"?'],
    ['setPolicy, limits', () => server.setPolicy({ limits: untyped({ entires: 3 }) }), '"entires"; did you mean "entries"?'],
    ['setPolicy, receipts', () => server.setPolicy({ receipts: untyped({ window: 3 }) }), 'policy.receipts: unknown option "window"; '],
    ['setPolicy, rate', () => server.setPolicy({ rate: untyped({ persecond: 3 }) }), '"persecond"; did you mean "perSecond"?'],
    [
      'publish',
      () => server.publish(untyped({ ...message, sentAt: 3 })),
      'publish: unknown option "sentAt"; the known options are from, to, body',
    ],
    ['publish, to', () => server.publish(untyped({ ...message, to: { usr: 'ben' } })), '"usr"; did you mean "user"?'],
    ['createGroup', () => server.createGroup(untyped({ groupId: 'g', members: [], name: 'G' })), 'createGroup: unknown option "name"'],
    [
      'createGroup, members',
      () => server.createGroup({ groupId: 'g', members: [untyped({ userId: 'a', rol: 'admin' })] }),
      'did you mean "role"?',
    ],
    ['addMember', () => server.addMember('g', 'ann', untyped({ rôle: 'admin' })), 'addMember: unknown option "rôle"; did you mean "role"?'],
    ['openPgliteStore', () => openPgliteStore('/nowhere/made', untyped({ runID: 'x' })), '"runID"; did you mean "runId"?'],
    ['createMemoryStore', () => createMemoryStore(untyped({ clock: 1 })), 'createMemoryStore: unknown option "clock"'],
    ['createTestWorld', () => createTestWorld(untyped({ sead: 1 })), 'createTestWorld: unknown option "sead"; did you mean "seed"?'],
    ['runConformance', () => runConformance(untyped({ url: '', users: {}, onResults: 1 })), '"onResults"; did you mean "onResult"?'],
    ['network.set', () => world.device('ann').network.set(untyped({ delay: 3 })), '"delay"; did you mean "delayMs"?'],
    ['openTab', () => world.device('ann').openTab(untyped({ readReceipt: true })), '"readReceipt"; did you mean "readReceipts"?'],
    [
      'a call without options',
      () => readOptions({ type: 1 }, 'call', untyped({})),
      'call: unknown option "type"; no options are known here',
    ],
  ])('%s refuses an unknown option by name and suggests the nearest known one (F126)', async (_what, call, said) => {
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(said);
  });

  it('the command line refuses an unknown option by name and suggests the nearest known one (F126)', () => {
    expect(() => readCommandLine(['serve', '--dev', '--prot', '80'], {})).toThrow(
      new CommandLineError('unknown option --prot; did you mean "--port"?'),
    );
    expect(() => readCommandLine(['serve', '--turbo'], {})).toThrow('unknown option --turbo; the known options are --dev, --port');
    expect(() => readCommandLine(['serve', '-x'], {})).toThrow('unknown option -x; the known options are');
  });

  it('the error suggests a name only if the name is near, in upper or lower case', () => {
    expect(nearestName('USERID', ['url', 'userId'])).toBe('did you mean "userId"?');
    expect(nearestName('x', ['to', 'id'])).toBe('the known options are to, id');
    expect(nearestName('x'.repeat(100_000), ['to'])).toBe('the known options are to');
  });

  it.each([[null], ['text'], [[]], [7]])('%j is refused as an options object (F126)', (given) => {
    expect(() => readOptions(given as never, 'flush', untyped({ timeoutMs: 1 }))).toThrow('flush: options must be an object');
  });

  it('a directory from a class may have further members', () => {
    class OwnDirectory {
      cache = new Map();
      mayMessage = (): boolean => true;
    }
    expect(() => serverWith({ directory: new OwnDirectory() })).not.toThrow();
  });

  it('publish refuses two receivers (F126)', async () => {
    await expect(server.publish(untyped({ ...message, to: { user: 'ben', group: 'g' } }))).rejects.toThrow('one of them');
    await expect(server.publish(untyped({ ...message, to: {} }))).rejects.toThrow('one of them');
  });
});

describe('an id that contains U+FEFF', () => {
  const bad = '\ufeffben';
  it.each<[string, string, () => unknown]>([
    ['createReceiptClient', 'userId', () => checkOptions({ ...page, userId: bad })],
    ['createGroup', 'groupId', () => server.createGroup({ groupId: bad, members: [] })],
    ['createGroup, members', 'userId', () => server.createGroup({ groupId: 'h', members: [{ userId: 'ann' }, { userId: bad }] })],
    ['addMember', 'userId', () => server.addMember('h', bad)],
    ['addMember', 'groupId', () => server.addMember(bad, 'ann')],
    ['removeMember', 'userId', () => server.removeMember('h', bad)],
    ['membersChanged', 'groupId', () => server.membersChanged(bad)],
    ['publish', 'from', () => server.publish({ ...message, from: bad })],
    ['publish', 'to.user', () => server.publish({ ...message, to: { user: bad } })],
    ['publish', 'to.group', () => server.publish({ ...message, to: { group: bad } })],
    ['publish', 'id', () => server.publish({ ...message, id: bad })],
    ['revoke', 'userId', () => server.revoke(bad)],
    ['a device of a test world', 'userId', () => world.device(bad)],
    ['a token of a test world', 'userId', () => world.server.token(bad)],
  ])('an id that contains U+FEFF is refused by %s, which names %s (F110)', async (_what, named, call) => {
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(`${named} must be ${ID_RULE}; got "U+FEFFben"`);
  });

  it('an id that contains U+FEFF is refused as the subject of a token (F110)', async () => {
    const secret = new TextEncoder().encode('s'.repeat(32));
    const check = authenticateBySecret(secret);
    await expect(check(await issueDevToken(secret, bad))).rejects.toThrow(`"sub" must be ${ID_RULE}`);
  });

  const ask = async (receipts: ReceiptServer, ...frames: readonly ClientFrame[]): Promise<readonly ServerFrame[]> =>
    JSON.parse((await receipts.request(JSON.stringify(frames))).body) as ServerFrame[];

  it('an id that contains U+FEFF is refused if authenticate returns it, and the log gives the reason (F110)', async () => {
    const logged: string[] = [];
    const log: Log = (level, _event, details) => void (level === 'debug' || logged.push((details as { message: string }).message));
    const receipts = serverWith({ authenticate: async () => ({ userId: bad }), log });
    expect(await ask(receipts, hello('ben'))).toMatchObject([
      { type: 'error', code: 'auth/forbidden', message: expect.stringContaining(ID_RULE) as string },
    ]);
    expect(logged).toEqual([expect.stringContaining(ID_RULE)]);
  });

  it('an id that contains U+FEFF is left out of a directory’s answer, and the log gives the reason (F110)', async () => {
    const logged: unknown[] = [];
    const receipts = serverWith({
      directory: { members: () => [{ userId: 'ann' }, { userId: bad }] },
      log: ((level, event, details) => void (level === 'debug' || logged.push({ event, ...details }))) satisfies Log,
    });
    await receipts.membersChanged('h');
    const entry = {
      kind: 'message',
      key: 'k',
      conversationId: 'group:h',
      cursor: null,
      id: 'm',
      body: '1',
      receiptRequested: false,
      countable: true,
    };
    const submit: ClientFrame = { type: 'submit', id: 1, entries: [entry] };
    expect(await ask(receipts, hello('ann'), submit)).toMatchObject([{}, { results: [{ outcome: 'confirmed' }] }]);
    expect(await ask(receipts, hello('ben'), submit)).toMatchObject([{}, { results: [{ code: 'rejected/no-such-conversation' }] }]);
    expect(logged).toEqual([
      { event: 'member-left-out', code: 'usage/invalid-argument', message: expect.stringContaining(ID_RULE) as string },
    ]);
  });

  it('an id that contains U+FEFF is refused in every frame, by name (F110)', async () => {
    const base = { cursor: null, key: 'k' };
    const frames: readonly ClientFrame[] = [
      { type: 'fetch', id: 1, wants: [{ conversationId: `direct:${bad}`, seqs: [[1, 1]], limit: 1 }] },
      { type: 'fetch-receipts', id: 1, messageIds: [bad] },
      { type: 'fetch-members', id: 1, messageId: bad, filter: 'read', cursor: null, limit: 1 },
      { type: 'submit', id: 1, entries: [{ ...base, key: bad }] },
      { ...hello('ann'), deviceId: bad },
      hello(bad, 'ann'),
    ];
    for (const frame of frames) {
      const { status, body } = await server.request(JSON.stringify([hello('ann'), frame]));
      expect([status, body], frame.type).toEqual([400, expect.stringContaining(ID_RULE)]);
    }
    const entries = [
      { kind: 'message', conversationId: 'direct:ben', id: bad, body: '1', receiptRequested: false, countable: true },
      { kind: 'message', conversationId: `group:${bad}`, id: 'm', body: '1', receiptRequested: false, countable: true },
      { kind: 'recall', conversationId: 'direct:ben', id: bad },
      { kind: 'receipts', conversationId: 'direct:ben', namedIds: [bad] },
      { kind: 'receipts', conversationId: 'direct:ben', contents: [{ id: bad, text: 'x' }] },
    ].map((one, i) => ({ ...base, ...one, key: `k${i}` }));
    const [, answer] = await ask(server, hello('ann'), { type: 'submit', id: 1, entries });
    const refusal = { outcome: 'rejected', code: 'rejected/unsupported', message: expect.stringContaining(ID_RULE) as string };
    expect(answer).toMatchObject({ results: entries.map(() => refusal) });
  });
});
