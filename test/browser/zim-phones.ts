/** Users of ZIM's facade, each on a page of its own, for the tests of the facade. */
import { afterEach, expect } from 'vitest';
import type { ZIMEvents, ZIMMessage } from '../../src/compat/zim/zim.ts';
import { Backend, stretched } from './backend.ts';
import type { ZIMPage } from './compat-zim-page.ts';
import { type Frame, openFrame } from './frame.ts';

const TYPES = [
  'connectionStateChanged',
  'conversationMessageReceiptChanged',
  'messageReceiptChanged',
  'peerMessageReceived',
  'groupMessageReceived',
  'conversationTotalUnreadMessageCountUpdated',
  'messageRevokeReceived',
  'tokenWillExpire',
  'error',
] as const satisfies readonly (keyof ZIMEvents)[];

export const [PEER, ROOM, GROUP] = [0, 1, 2] as const;
export const SEND = { priority: 1, hasReceipt: true };

/** Call this in a describe block: the pages end after each test. */
export const zimPhones = () => {
  let backend: Backend;
  const frames: Frame<ZIMPage>[] = [];
  const start = async (receipts?: Parameters<typeof Backend.start>[1]): Promise<void> => {
    backend = await Backend.start(['alice', 'bob', 'carol'], receipts);
  };
  afterEach(async () => {
    for (const frame of frames.splice(0)) {
      frame.window.sdk.ZIM.getInstance()?.destroy();
      frame.remove();
    }
    await backend.stop();
  });

  /** The vendor's object is a singleton, so each user has a page. */
  const login = async (userID: string, token = `token-of-${userID}`) => {
    const frame = await openFrame<ZIMPage>('test/browser/compat-zim-page.ts', 'sdk');
    frames.push(frame);
    const { sdk } = frame.window;
    const zim = sdk.ZIM.create({ appID: 1 }, { url: backend.url })!;
    const heard: [name: string, data: unknown][] = [];
    for (const type of TYPES) zim.on(type, (of, data) => heard.push([type, of === zim ? data : 'another object']));
    await zim.login(userID, { userName: '', token });
    const reload = (): void => {
      frames.splice(frames.indexOf(frame), 1);
      frame.remove();
    };
    return { sdk, zim, heard, reload, window: frame.window };
  };
  type Phone = Awaited<ReturnType<typeof login>>;

  const told = <K extends keyof ZIMEvents>({ heard }: Phone, name: K): ZIMEvents[K][] =>
    heard.flatMap(([of, data]) => (of === name ? [data as ZIMEvents[K]] : []));
  const eventually = async (phone: Phone, name: keyof ZIMEvents, data: object): Promise<void> => {
    await expect.poll(() => told(phone, name), { timeout: await stretched(15_000) }).toContainEqual(expect.objectContaining(data));
  };
  const live = async (userID: string): Promise<Phone> => {
    const phone = await login(userID);
    await eventually(phone, 'connectionStateChanged', { state: 2 });
    // The messages of a first snapshot are no news.
    await eventually(phone, 'conversationTotalUnreadMessageCountUpdated', { totalUnreadMessageCount: 0 });
    return phone;
  };
  const received = async (
    phone: Phone,
    messageID: string,
    type: 'peerMessageReceived' | 'groupMessageReceived' = 'peerMessageReceived',
  ) => {
    const find = (): ZIMMessage | undefined =>
      told(phone, type).flatMap(({ messageList }) => messageList.filter((one) => one.messageID === messageID))[0];
    await expect.poll(find, { timeout: await stretched(15_000) }).toBeDefined();
    return find()!;
  };
  const say = async (phone: Phone, to: string, message: string, config = SEND): Promise<ZIMMessage> =>
    (await phone.zim.sendMessage({ type: 1, message }, to, PEER, config)).message;
  const unread = async ({ zim }: Phone): Promise<number> =>
    (await zim.queryConversationTotalUnreadMessageCount({ conversationTypes: [], marks: [] })).unreadMessageCount;
  return {
    start,
    login,
    live,
    told,
    eventually,
    received,
    say,
    unread,
    cut: () => backend.cut(),
    heal: () => backend.heal(),
    url: () => backend.url,
  };
};
