/** Users of Tencent Chat's facade, each on a page of its own, for the tests of the facade. */
import { afterEach, expect } from 'vitest';
import TencentCloudChat, { type EventData, type Message } from '../../src/compat/tencent/tencent.ts';
import { Backend, stretched } from './backend.ts';
import type { TencentPage } from './compat-tencent-page.ts';
import { type Frame, openFrame } from './frame.ts';

const { EVENT, TYPES } = TencentCloudChat;

/** Call this in a describe block: the pages end after each test. */
export const tencentPhones = () => {
  let backend: Backend;
  const frames: Frame<TencentPage>[] = [];
  const start = async (receipts?: Parameters<typeof Backend.start>[1]): Promise<void> => {
    backend = await Backend.start(['alice', 'bob', 'carol'], receipts);
  };
  const create = ({ window }: Frame<TencentPage>) => window.sdk.create({ SDKAppID: 1 }, { url: backend.url });
  afterEach(async () => {
    for (const frame of frames.splice(0)) {
      await create(frame).destroy();
      frame.remove();
    }
    await backend.stop();
  });

  /** One object for each SDKAppID of a page, so each user has a page. */
  const login = async (userID: string, userSig = `token-of-${userID}`) => {
    const frame = await openFrame<TencentPage>('test/browser/compat-tencent-page.ts', 'sdk');
    frames.push(frame);
    const chat = create(frame);
    const heard: [name: string, data: unknown][] = [];
    const hear = ({ name, data }: { readonly name: string; readonly data: unknown }): void => void heard.push([name, data]);
    for (const name of Object.values(EVENT)) chat.on(name, hear);
    // As the vendor's sample does it: the object of the message has the receipts when the event comes.
    const atEvent: object[] = [];
    chat.on(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, ({ data }) => {
      for (const { messageID } of data) {
        const message = chat.findMessage(messageID);
        if (message) atEvent.push({ messageID, ...message.readReceiptInfo });
      }
    });
    await chat.login({ userID, userSig });
    const reload = (): void => {
      frames.splice(frames.indexOf(frame), 1);
      frame.remove();
    };
    return { chat, heard, hear, atEvent, reload, window: frame.window };
  };
  type Phone = Awaited<ReturnType<typeof login>>;

  const told = <N extends keyof EventData>({ heard }: Phone, name: N): EventData[N][] =>
    heard.flatMap(([of, data]) => (of === name ? [data as EventData[N]] : []));
  const eventually = async (phone: Phone, name: keyof EventData, data: unknown): Promise<void> => {
    await expect.poll(() => told(phone, name), { timeout: await stretched(15_000) }).toContainEqual(data);
  };
  const live = async (userID: string): Promise<Phone> => {
    const phone = await login(userID);
    await eventually(phone, EVENT.NET_STATE_CHANGE, { state: 'connected' });
    await eventually(phone, EVENT.SDK_READY, undefined);
    expect(phone.chat.isReady()).toBe(true);
    return phone;
  };
  const received = async (phone: Phone, ID: string): Promise<Message> => {
    const find = (): Message | undefined =>
      told(phone, EVENT.MESSAGE_RECEIVED).flatMap((messages) => messages.filter((one) => one.ID === ID))[0];
    await expect.poll(find, { timeout: await stretched(15_000) }).toBeDefined();
    return find()!;
  };
  const say = async (
    { chat }: Phone,
    to: string,
    text: string,
    needReadReceipt = true,
    type: string = TYPES.CONV_C2C,
  ): Promise<Message> => {
    const message = chat.createTextMessage({ to, conversationType: type, payload: { text }, needReadReceipt });
    const { data } = await chat.sendMessage(message);
    expect(data.message).toBe(message);
    return message;
  };
  const unread = async ({ chat }: Phone, count: number): Promise<void> => {
    await expect.poll(() => chat.getTotalUnreadMessageCount(), { timeout: await stretched(15_000) }).toBe(count);
  };
  return { start, login, live, told, eventually, received, say, unread, cut: () => backend.cut(), heal: () => backend.heal() };
};
