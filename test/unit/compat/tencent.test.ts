/** The facade beside the vendor's own package, which runs here without a server: what it says to an app that is not logged in. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import facade, { EVENT, TYPES } from '../../../src/compat/tencent/tencent.ts';
import {
  chatErrorOf,
  NO_CONVERSATION,
  NO_ELIGIBLE_MESSAGE,
  NOT_LOGGED_IN,
  REPEATED_LOGIN,
  TOO_FREQUENT,
  UNSUPPORTED,
} from '../../../src/compat/tencent/errors.ts';

type AnyChat = Readonly<Record<string, (...args: unknown[]) => unknown>>;
interface Sdk {
  readonly EVENT: Readonly<Record<string, unknown>>;
  readonly TYPES: Readonly<Record<string, unknown>>;
  create(options: { readonly SDKAppID: number }, access: { readonly url: string }): AnyChat;
}

const CALLS = [
  'sendMessage',
  'createTextMessage',
  'getMessageList',
  'findMessage',
  'sendMessageReadReceipt',
  'getMessageReadReceiptList',
  'getGroupMessageReadMemberList',
  'setMessageRead',
  'setAllMessageRead',
  'getTotalUnreadMessageCount',
  'getConversationList',
  'revokeMessage',
  'logout',
];

const ACCESS = { url: 'ws://127.0.0.1:9/receipts' };

/** What a call does: its value, its rejection, or what it throws at once. */
const outcome = async (call: () => unknown): Promise<unknown> => {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return { thrown: (error as Error).message };
  }
  if (!(result instanceof Promise)) return { value: result };
  return result.then(
    () => 'resolved',
    (error: unknown) => {
      const { code, message } = error as { readonly code: number; readonly message: string };
      return { rejected: code, message };
    },
  );
};

describe('the facade beside the package of Tencent Chat', () => {
  const sdks: Sdk[] = [facade as unknown as Sdk];
  beforeAll(() => {
    // The vendor's package writes to the console, and makes sockets when it is created.
    for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
    vi.stubGlobal(
      'WebSocket',
      class {
        send = (): void => undefined;
        close = (): void => undefined;
      },
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    sdks.push(createRequire(import.meta.url)('@tencentcloud/chat') as Sdk);
  });
  afterAll(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('has the same values of EVENT and TYPES', () => {
    expect(sdks[1]!.EVENT).toMatchObject(EVENT);
    expect(sdks[1]!.TYPES).toMatchObject(TYPES);
  });

  it('makes one object for each SDKAppID, until it is destroyed', async () => {
    for (const sdk of sdks) {
      const chat = sdk.create({ SDKAppID: 1_400_000_001 }, ACCESS);
      expect(sdk.create({ SDKAppID: 1_400_000_001 }, ACCESS)).toBe(chat);
      expect(sdk.create({ SDKAppID: 1_400_000_002 }, ACCESS)).not.toBe(chat);
    }
    const mine = facade.create({ SDKAppID: 1_400_000_001 }, ACCESS);
    await mine.destroy();
    expect(facade.create({ SDKAppID: 1_400_000_001 }, ACCESS)).not.toBe(mine);
  });

  it.each(CALLS)('answers %s with 2024 before the log-in, whatever the arguments are', async (name) => {
    const [mine, theirs] = await Promise.all(
      sdks.map(async (sdk) => {
        const chat = sdk.create({ SDKAppID: 1_400_000_000 }, ACCESS);
        return Promise.all([undefined, [], {}, 5].map((argument) => outcome(() => chat[name]!(argument))));
      }),
    );
    expect(mine).toEqual(theirs);
  });

  it('throws at once for a log-in without a user, and for a handler that is no function', async () => {
    for (const sdk of sdks) {
      const chat = sdk.create({ SDKAppID: 1_400_000_000 }, ACCESS);
      expect(await outcome(() => chat['login']!({}))).toEqual({ thrown: 'Params validate failed.' });
      expect(await outcome(() => chat['on']!('x'))).toEqual({ thrown: 'Params validate failed.' });
      expect(await outcome(() => chat['findMessage']!('x'))).toMatchObject({ rejected: 2024 });
    }
  });

  it.each([
    ['USER_NOT_LOGGED_IN', NOT_LOGGED_IN],
    ['REPEAT_LOGIN', REPEATED_LOGIN],
    ['READ_RECEIPT_MSG_LIST_EMPTY', NO_ELIGIBLE_MESSAGE],
    ['CONV_NOT_FOUND', NO_CONVERSATION],
    ['OVER_FREQUENCY_LIMIT', TOO_FREQUENT],
    ['NO_MODULE', UNSUPPORTED],
    ['SDK_IS_NOT_READY', chatErrorOf('store/unavailable', '').code],
    ['NETWORK_ERROR', chatErrorOf('transport/closed', '').code],
    ['NETWORK_TIMEOUT', chatErrorOf('transport/timeout', '').code],
    ['NO_NETWORK', chatErrorOf('transport/unreachable', '').code],
    ['ERR_SVR_GROUP_PERMISSION_DENY', chatErrorOf('rejected/permission-denied', '').code],
    ['ERR_SVR_COMM_BODY_SIZE_LIMIT', chatErrorOf('rejected/too-large', '').code],
  ])('has the code that the vendor’s package names %s', async (name, code) => {
    const bundle = await readFile(createRequire(import.meta.url).resolve('@tencentcloud/chat'), 'utf8');
    expect(bundle).toContain(`${name}:${code},`);
  });
});
