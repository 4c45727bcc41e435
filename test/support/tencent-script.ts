/**
 * A script of calls in the names of Tencent Chat. It runs with the vendor's SDK and a stand-in for its server (test/unit/compat), and with the
 * facade and the real server (test/browser). Both runs must write the same log.
 */
import type { Message } from '../../src/compat/tencent/tencent.ts';
import type facade from '../../src/compat/tencent/tencent.ts';

/** The facade has the vendor's calls; the script uses no others. */
export type Chat = ReturnType<typeof facade.create>;

export interface Sdk {
  /** One object for each SDKAppID, so each user has one. */
  create(SDKAppID: number): Chat;
  /** Waits for a condition. */
  until(isMet: () => boolean): Promise<void>;
}

const TOLD = ['onMessageReceived', 'onMessageReadByPeer', 'onMessageReadReceiptReceived'];

const idOf = (data: object): string => ('ID' in data ? String(data.ID) : 'messageID' in data ? String(data.messageID) : '');

/** What a call comes to: a wrong argument throws at once. */
const outcome = async (call: () => Promise<unknown>): Promise<unknown> => {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    return (error as Error).message;
  }
  if (!(promise instanceof Promise)) return 'a value';
  return promise.then(
    () => 'resolved',
    (error: unknown) => (error as { readonly code?: number }).code ?? String(error),
  );
};

/** Two users, and what each of them heard. */
export class TencentRun {
  private readonly log: (readonly [who: string, name: string, data: object])[] = [];
  private readonly names = new Map<string, string>();

  private constructor(
    private readonly sdk: Sdk,
    readonly alice: Chat,
    readonly bob: Chat,
  ) {}

  static async start(sdk: Sdk): Promise<TencentRun> {
    const run = new TencentRun(sdk, sdk.create(1_400_000_001), sdk.create(1_400_000_002));
    await run.logIn('alice', run.alice);
    await run.logIn('bob', run.bob);
    return run;
  }

  private async logIn(userID: string, chat: Chat): Promise<void> {
    for (const name of TOLD)
      chat.on(name, ({ data }: { readonly data: readonly object[] }) => {
        for (const one of data) this.log.push([userID, name, { ...one }]);
      });
    await chat.login({ userID, userSig: `token-of-${userID}` });
    await this.sdk.until(() => chat.isReady());
  }

  heard(who: string, name: string, id: string): Promise<void> {
    return this.sdk.until(() => this.log.some((line) => line[0] === who && line[1] === name && idOf(line[2]) === id));
  }

  /** Alice writes to Bob. @returns the message as each of the two has it. */
  async say(text: string, needReadReceipt = true): Promise<{ readonly sent: Message; readonly got: Message }> {
    const message = this.alice.createTextMessage({ to: 'bob', conversationType: 'C2C', payload: { text }, needReadReceipt });
    const { data } = await this.alice.sendMessage(message);
    this.names.set(data.message.ID, text);
    await this.heard('bob', 'onMessageReceived', data.message.ID);
    return { sent: data.message, got: this.bob.findMessage(data.message.ID)! };
  }

  /** What each user heard, with the messages by their texts. */
  lines(): string[] {
    return this.log
      .map(([who, name, data]) => {
        const { flow, conversationID, needReadReceipt, isPeerRead, userID } = data as Partial<Message> & { readonly userID?: string };
        const shown = JSON.stringify({ flow, conversationID, needReadReceipt, isPeerRead, userID });
        return `${who} ${name} ${this.names.get(idOf(data)) ?? '?'} ${shown}`;
      })
      .sort();
  }
}

/** @returns the outcomes of the calls, and the log. */
export const readReceipts = async (sdk: Sdk): Promise<{ readonly outcomes: readonly unknown[]; readonly lines: readonly string[] }> => {
  const run = await TencentRun.start(sdk);
  const first = await run.say('first');
  const unasked = await run.say('unasked', false);
  const outcomes = [
    await outcome(() => run.bob.sendMessageReadReceipt([first.got, unasked.got])),
    await outcome(() => run.bob.sendMessageReadReceipt([unasked.got])),
    await outcome(() => run.alice.sendMessageReadReceipt([first.sent])),
    await outcome(() => run.bob.sendMessageReadReceipt([])),
  ];
  await run.heard('alice', 'onMessageReadReceiptReceived', first.sent.ID);
  // The receipt and the read conversation are two facts.
  outcomes.push(first.sent.isPeerRead, first.sent.readReceiptInfo.isPeerRead);
  outcomes.push(await outcome(() => run.bob.setMessageRead({ conversationID: 'C2Calice' })));
  await run.heard('alice', 'onMessageReadByPeer', first.sent.ID);
  await run.heard('alice', 'onMessageReadByPeer', unasked.sent.ID);
  outcomes.push(first.sent.isPeerRead, run.alice.findMessage(first.sent.ID) === first.sent);
  return { outcomes, lines: run.lines() };
};

/** What both runs write. */
export const READ_RECEIPTS = {
  outcomes: ['resolved', 2114, 2114, 'Params validate failed.', false, true, 'resolved', true, true],
  lines: [
    'alice onMessageReadByPeer first {"flow":"out","conversationID":"C2Cbob","needReadReceipt":true,"isPeerRead":true}',
    'alice onMessageReadByPeer unasked {"flow":"out","conversationID":"C2Cbob","needReadReceipt":false,"isPeerRead":true}',
    'alice onMessageReadReceiptReceived first {"isPeerRead":true,"userID":"bob"}',
    'bob onMessageReceived first {"flow":"in","conversationID":"C2Calice","needReadReceipt":true,"isPeerRead":false}',
    'bob onMessageReceived unasked {"flow":"in","conversationID":"C2Calice","needReadReceipt":false,"isPeerRead":false}',
  ],
};

/** Receipts without a connection. @returns when the calls resolved, and when the connection came back. */
export const readOffline = async (sdk: Sdk, cut: () => Promise<unknown>, heal: () => Promise<unknown>): Promise<readonly string[]> => {
  const run = await TencentRun.start(sdk);
  const { got } = await run.say('first');
  await cut();
  const order: string[] = [];
  const acted = [run.bob.sendMessageReadReceipt([got]), run.bob.setMessageRead({ conversationID: 'C2Calice' })].map((promise) =>
    promise.then(() => order.push('resolved')),
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  order.push('connected');
  await heal();
  await Promise.all(acted);
  return order;
};

type AnyCalls = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

const TEXT = { to: 'bob', conversationType: 'C2C', payload: { text: 'x' } };

/** Calls with wrong arguments, each with what both runs answer: the call throws `Params validate failed.`, resolves, or returns a value. */
const ODD_CALLS: readonly (readonly [expected: 'thrown' | 'resolved' | 'a value', call: string, ...args: unknown[]])[] = [
  ['thrown', 'createTextMessage'],
  ['thrown', 'createTextMessage', 'x'],
  ['thrown', 'createTextMessage', {}],
  ['thrown', 'createTextMessage', { ...TEXT, payload: undefined }],
  ['thrown', 'createTextMessage', { ...TEXT, payload: {} }],
  ['thrown', 'createTextMessage', { ...TEXT, payload: { text: '' } }],
  ['thrown', 'createTextMessage', { ...TEXT, payload: { text: 5 } }],
  ['thrown', 'createTextMessage', { ...TEXT, to: 5 }],
  ['thrown', 'createTextMessage', { ...TEXT, to: '' }],
  ['a value', 'createTextMessage', { ...TEXT, conversationType: 'X' }],
  ['thrown', 'sendMessage'],
  ['thrown', 'sendMessage', 'x'],
  ['thrown', 'sendMessage', {}],
  ['thrown', 'revokeMessage'],
  ['thrown', 'revokeMessage', 'x'],
  ['thrown', 'revokeMessage', {}],
  ['thrown', 'getMessageList'],
  ['thrown', 'getMessageList', {}],
  ['thrown', 'getMessageList', { conversationID: 5 }],
  ['thrown', 'getMessageList', { conversationID: 'nobody' }],
  ['thrown', 'getMessageList', { conversationID: 'C2Cbob', nextReqMessageID: 5 }],
  ['a value', 'findMessage'],
  ['a value', 'findMessage', 'no such message'],
  ['thrown', 'sendMessageReadReceipt'],
  ['thrown', 'sendMessageReadReceipt', {}],
  ['thrown', 'sendMessageReadReceipt', []],
  ['thrown', 'getMessageReadReceiptList'],
  ['thrown', 'getMessageReadReceiptList', []],
  ['thrown', 'setMessageRead'],
  ['thrown', 'setMessageRead', 5],
  ['thrown', 'setMessageRead', {}],
  ['thrown', 'setMessageRead', { conversationID: '' }],
  ['thrown', 'setMessageRead', { conversationID: 'nobody' }],
  ['resolved', 'setMessageRead', { conversationID: 'C2Cstranger' }],
  ['thrown', 'setAllMessageRead', { scope: 'x' }],
  ['resolved', 'setAllMessageRead', 5],
  ['resolved', 'getConversationList', 5],
  ['resolved', 'getConversationList', null],
  ['resolved', 'getConversationList', []],
];

const lineOf = (call: string, args: readonly unknown[], came: unknown): string =>
  `${call}(${args.map((arg) => JSON.stringify(arg)).join()}) ${String(came)}`;

/** @returns what each call of {@link ODD_CALLS} came to. */
export const makeOddCalls = async (sdk: Sdk): Promise<readonly string[]> => {
  const { alice } = await TencentRun.start(sdk);
  const lines: string[] = [];
  // The vendor's SDK adds fields to the arguments.
  for (const [, call, ...args] of structuredClone(ODD_CALLS)) {
    const line = lineOf.bind(null, call, structuredClone(args));
    lines.push(line(await outcome(() => (alice as unknown as AnyCalls)[call]!(...args))));
  }
  return lines;
};

/** What both runs answer. */
export const ODD_ANSWERS = ODD_CALLS.map(([expected, call, ...args]) =>
  lineOf(call, args, expected === 'thrown' ? 'Params validate failed.' : expected),
);
