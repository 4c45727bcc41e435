/**
 * The vendor's own SDK is the judge of the facade: one script runs twice, with the SDK and a stand-in for its server, and with the facade and
 * the real server. Both runs write one log. Each difference is listed here, with its reason.
 */
import vendor from 'easemob-websdk';
import { afterEach, expect, it } from 'vitest';
import facade from '../../src/compat/easemob/easemob.ts';
import { ask, Backend, stretched } from './backend.ts';

const CREW = ['alice', 'bob', 'carol'];

interface Sdk {
  connect(user: string): Promise<Phone>;
  create(options: object): { readonly id: string };
  stop(): Promise<void>;
}

interface Phone {
  addEventHandler(id: string, handlers: object): void;
  send(message: unknown): Promise<{ localMsgId: string; serverMsgId: string }>;
  close(): void;
}

const startVendor = async (): Promise<Sdk> => {
  const { port } = await ask('startEasemob', { crew: CREW });
  const open: { close(): void }[] = [];
  vendor.logger.disableAll();
  return {
    create: (options) => vendor.message.create(options as never),
    connect: async (user) => {
      const conn = new vendor.connection({ appKey: 'org#app', delivery: true, url: `ws://127.0.0.1:${port}`, isHttpDNS: false });
      open.push(conn);
      const phone = conn as unknown as Phone;
      await conn.open({ user, accessToken: 'token' });
      return phone;
    },
    stop: async () => {
      for (const conn of open) conn.close();
      await ask('stopEasemob', { port });
    },
  };
};

const startFacade = async (): Promise<Sdk> => {
  const backend = await Backend.start(CREW);
  const open: { close(): void }[] = [];
  return {
    create: (options) => facade.message.create(options as never),
    connect: async (user) => {
      const conn = new facade.connection({ appKey: 'org#app', delivery: true }, { url: backend.url });
      open.push(conn);
      const connected = new Promise<void>((resolve) => conn.addEventHandler('connected', { onConnected: resolve }));
      await conn.open({ user, accessToken: `token-of-${user}` });
      await connected;
      return conn;
    },
    stop: async () => {
      for (const conn of open) conn.close();
      await backend.stop();
    },
  };
};

type Line = readonly [who: string, name: string, payload: Readonly<Record<string, unknown>>];

const EVENTS = [
  'onTextMessage',
  'onReceivedMessage',
  'onDeliveredMessage',
  'onReadMessage',
  'onChannelMessage',
  'onRecallMessage',
  'onError',
];

/** Runs the script. @returns what each phone heard, with ids by the order of their first use, without times, sorted by phone and event. */
const run = async ({ connect, create }: Sdk): Promise<readonly string[]> => {
  const log: Line[] = [];
  const phones = new Map<string, Phone>();
  for (const user of CREW) {
    const phone = await connect(user);
    phones.set(user, phone);
    const handlers = Object.fromEntries(EVENTS.map((name) => [name, (payload: object) => log.push([user, name, { ...payload }])]));
    phone.addEventHandler('UNIQUE_HANDLER_ID', handlers);
  }
  const names = new Map<string, string>();
  const heard = async (who: string, name: string, part: object): Promise<Line> => {
    const find = (): Line | undefined =>
      log.find((line) => line[0] === who && line[1] === name && Object.entries(part).every(([key, value]) => line[2][key] === value));
    await expect.poll(find, { timeout: await stretched(15_000), message: `${who} ${name} ${JSON.stringify(part)}` }).toBeDefined();
    return find()!;
  };
  /** Sends a message and names its ids. */
  const say = async (from: string, label: string, options: object, to: readonly string[]): Promise<string> => {
    const message = create({ type: 'txt', ...options });
    const { serverMsgId, localMsgId } = await phones.get(from)!.send(message);
    names.set(localMsgId, label).set(serverMsgId, label);
    for (const who of to) await heard(who, 'onTextMessage', { id: serverMsgId });
    return serverMsgId;
  };
  const acknowledge = (from: string, options: object): Promise<unknown> => phones.get(from)!.send(create(options));

  const first = await say('alice', 'first', { chatType: 'singleChat', to: 'bob', msg: 'one' }, ['bob']);
  await heard('alice', 'onDeliveredMessage', { mid: first });
  const second = await say('alice', 'second', { chatType: 'singleChat', to: 'bob', msg: 'two' }, ['bob']);
  await heard('alice', 'onDeliveredMessage', { mid: second });
  await acknowledge('bob', { type: 'read', chatType: 'singleChat', to: 'alice', id: first });
  await heard('alice', 'onReadMessage', { mid: first });
  await acknowledge('bob', { type: 'channel', chatType: 'singleChat', to: 'alice' });
  await heard('alice', 'onChannelMessage', { from: 'bob' });
  // After the conversation receipt, a message receipt is news all the same.
  await acknowledge('bob', { type: 'read', chatType: 'singleChat', to: 'alice', id: second });
  await heard('alice', 'onReadMessage', { mid: second });
  const group = { chatType: 'groupChat', to: 'crew' };
  const third = await say('alice', 'third', { ...group, msg: 'three', msgConfig: { allowGroupAck: true } }, ['bob', 'carol']);
  for (const [who, ackContent] of [
    ['bob', 'aye'],
    ['carol', 'no'],
  ] as const) {
    await acknowledge(who, { type: 'read', ...group, id: third, ackContent });
    await heard('alice', 'onReadMessage', { mid: third, from: who });
  }
  await acknowledge('bob', { type: 'channel', ...group });
  // A last message, so that everything before it has arrived.
  const last = await say('bob', 'last', { chatType: 'singleChat', to: 'alice', msg: 'four' }, ['alice']);
  await heard('bob', 'onDeliveredMessage', { mid: last });

  const tidy = (key: string, value: unknown): unknown => {
    if (key === 'time') return undefined;
    if (key === 'groupReadCount')
      return Object.fromEntries(Object.entries(value as object).map(([id, count]) => [names.get(id) ?? id, count as unknown]));
    if (typeof value !== 'string') return value;
    // A receipt has an id of its own in both systems.
    return names.get(value) ?? (key === 'id' || key === 'mid' ? '(receipt)' : value);
  };
  return log
    .map(([who, name, payload]) => {
      const tidied = Object.keys(payload)
        .sort()
        .flatMap((key) => {
          const value = tidy(key, payload[key]);
          return value === undefined ? [] : [`${key}: ${JSON.stringify(value)}`];
        });
      return `${who} ${name} { ${tidied.join(', ')} }`;
    })
    .sort();
};

let running: Sdk | undefined;
afterEach(() => running?.stop());

const runWith = async (start: () => Promise<Sdk>): Promise<readonly string[]> => {
  running = await start();
  const log = await run(running);
  await running.stop();
  running = undefined;
  return log;
};

/** The vendor's SDK rejects a promise of its own when its connection closes. */
const ignore = (event: PromiseRejectionEvent): void => event.preventDefault();

/** What the vendor tells and the facade does not. */
const NOT_TOLD = [
  // The vendor reports its own automatic delivery receipts, whose ids no app knows.
  'bob onReceivedMessage { id: "(receipt)", mid: "(receipt)", to: "alice" }',
  'bob onReceivedMessage { id: "(receipt)", mid: "(receipt)", to: "alice" }',
  'alice onReceivedMessage { id: "(receipt)", mid: "(receipt)", to: "bob" }',
  // In a group, a conversation receipt is a clear, which has no answer.
  'bob onReceivedMessage { id: "(receipt)", mid: "(receipt)", to: "crew" }',
];

it.skipIf(!navigator.userAgent.includes('Chrom'))('the facade reports to an app the same as the vendor’s SDK', async () => {
  addEventListener('unhandledrejection', ignore);
  const theirs = await runWith(startVendor);
  removeEventListener('unhandledrejection', ignore);
  const ours = await runWith(startFacade);
  expect([...ours, ...NOT_TOLD].sort()).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(20);
});
