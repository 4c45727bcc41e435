/** Users of Easemob Flutter's facade, each on a page of its own, for the tests of the facade. */
import { afterEach, expect } from 'vitest';
import type { EMMessage } from '../../src/compat/easemob-flutter/easemob-flutter.ts';
import { Backend, stretched } from './backend.ts';
import type { FlutterPage } from './compat-easemob-flutter-page.ts';
import { type Frame, openFrame } from './frame.ts';

type Heard = [name: string, ...args: unknown[]][];

const NAMES = [
  'onMessagesReceived',
  'onMessagesDelivered',
  'onMessagesRead',
  'onMessagesRecalled',
  'onGroupMessageRead',
  'onReadAckForGroupMessageUpdated',
  'onConversationRead',
  'onConversationsUpdate',
] as const;

const CONNECTION_NAMES = ['onConnected', 'onDisconnected', 'onTokenWillExpire', 'onTokenDidExpire'] as const;

/** Call this in a describe block: the pages end after each test. */
export const flutterPhones = () => {
  let backend: Backend;
  const frames: Frame<FlutterPage>[] = [];
  const start = async (receipts?: Parameters<typeof Backend.start>[1]): Promise<void> => {
    backend = await Backend.start(['alice', 'bob', 'carol'], receipts);
  };
  afterEach(async () => {
    for (const frame of frames.splice(0)) {
      await frame.window.sdk.EMClient.getInstance.logout();
      frame.remove();
    }
    await backend.stop();
  });

  /** The vendor's client is a singleton, so each user has a page. */
  const login = async (userId: string, { requireAck = true, token = `token-of-${userId}` } = {}) => {
    const frame = await openFrame<FlutterPage>('test/browser/compat-easemob-flutter-page.ts', 'sdk');
    frames.push(frame);
    const { sdk } = frame.window;
    const client = sdk.EMClient.getInstance;
    const options = { appKey: 'org#app', requireAck, requireDeliveryAck: true };
    await client.init(new sdk.EMOptions(options, { url: backend.url }));
    const heard: Heard = [];
    const handlers = Object.fromEntries(NAMES.map((name) => [name, (...args: unknown[]) => heard.push([name, ...args])]));
    client.chatManager.addEventHandler('UNIQUE_HANDLER_ID', new sdk.EMChatEventHandler(handlers));
    const connection = CONNECTION_NAMES.map((name) => [name, () => heard.push([name])]);
    client.addConnectionEventHandler('UNIQUE_HANDLER_ID', new sdk.EMConnectionEventHandler(Object.fromEntries(connection)));
    await client.loginWithToken(userId, token);
    const reload = (): void => {
      frames.splice(frames.indexOf(frame), 1);
      frame.remove();
    };
    const text = (targetId: string, content: string): EMMessage => sdk.EMMessage.createTxtSendMessage({ targetId, content });
    return { sdk, client, manager: client.chatManager, heard, text, reload, window: frame.window };
  };
  type Phone = Awaited<ReturnType<typeof login>>;

  const told = ({ heard }: Phone, name: string): unknown[][] => heard.flatMap(([of, ...args]) => (of === name ? [args] : []));
  const eventually = async (phone: Phone, name: string, args: readonly unknown[]): Promise<void> => {
    await expect.poll(() => told(phone, name), { timeout: await stretched(15_000) }).toContainEqual(args);
  };
  /** Logged in and caught up: the messages of a first snapshot are no news. */
  const live = async (userId: string, options?: Parameters<typeof login>[1]): Promise<Phone> => {
    const phone = await login(userId, options);
    await eventually(phone, 'onConversationsUpdate', []);
    return phone;
  };
  const received = async (phone: Phone, msgId: string): Promise<EMMessage> => {
    await eventually(phone, 'onMessagesReceived', [[expect.objectContaining({ msgId })]]);
    return (told(phone, 'onMessagesReceived') as [EMMessage[]][]).flatMap(([[message]]) => (message?.msgId === msgId ? [message] : []))[0]!;
  };
  return { frames, start, login, live, told, eventually, received, cut: () => backend.cut(), heal: () => backend.heal() };
};
