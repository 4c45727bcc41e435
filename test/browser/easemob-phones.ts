/** Users of Easemob's facade, for the tests of the facade. */
import { afterEach, expect } from 'vitest';
import websdk, { type Connection, type EventHandlers } from '../../src/compat/easemob/easemob.ts';
import { Backend, stretched } from './backend.ts';
import type { EasemobPage } from './compat-easemob-page.ts';
import { type Frame, openFrame } from './frame.ts';

type Heard = [name: string, payload: unknown][];

const NAMES = [
  'onConnected',
  'onDisconnected',
  'onTextMessage',
  'onReceivedMessage',
  'onDeliveredMessage',
  'onReadMessage',
  'onChannelMessage',
  'onStatisticMessage',
  'onRecallMessage',
  'onTokenExpired',
  'onTokenWillExpire',
  'onError',
] as const satisfies readonly (keyof EventHandlers)[];

const listen = (connection: Connection): Heard => {
  const heard: Heard = [];
  const handlers = Object.fromEntries(NAMES.map((name) => [name, (payload: unknown) => heard.push([name, payload])]));
  connection.addEventHandler('UNIQUE_HANDLER_ID', handlers);
  return heard;
};

export const of = (heard: Heard, name: string): unknown[] => heard.flatMap(([of, payload]) => (of === name ? [payload] : []));

export const text = (sdk: typeof websdk, to: string, msg: string) => sdk.message.create({ chatType: 'singleChat', type: 'txt', to, msg });

/** Call this in a describe block: the connections and pages end after each test. */
export const easemobPhones = () => {
  let backend: Backend;
  const open: { close(): void }[] = [];
  const frames: Frame<EasemobPage>[] = [];
  const start = async (receipts?: Parameters<typeof Backend.start>[1]): Promise<void> => {
    backend = await Backend.start(['alice', 'bob', 'carol'], receipts);
  };
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    for (const frame of frames.splice(0)) frame.remove();
    await backend.stop();
  });

  const connect = async (
    sdk: typeof websdk,
    user: string,
    { token = `token-of-${user}`, delivery = true } = {},
  ): Promise<{ conn: Connection; heard: Heard }> => {
    const conn = new sdk.connection({ appKey: 'org#app', delivery }, { url: backend.url });
    open.push(conn);
    const heard = listen(conn);
    await conn.open({ user, accessToken: token });
    return { conn, heard };
  };
  const eventually = async (heard: Heard, name: string, payload: unknown): Promise<void> => {
    await expect.poll(() => of(heard, name), { timeout: await stretched(15_000) }).toContainEqual(payload);
  };
  const live = async (user: string): Promise<{ conn: Connection; heard: Heard }> => {
    const one = await connect(websdk, user);
    await eventually(one.heard, 'onConnected', undefined);
    return one;
  };
  /** A page of its own, which can be reloaded. */
  const openPage = async (user: string) => {
    const frame = await openFrame<EasemobPage>('test/browser/compat-easemob-page.ts', 'websdk');
    frames.push(frame);
    return { ...(await connect(frame.window.websdk, user)), sdk: frame.window.websdk, frame };
  };
  return { start, connect, eventually, live, openPage, cut: () => backend.cut(), heal: () => backend.heal(), url: () => backend.url };
};
