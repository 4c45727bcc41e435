/** The adapters for SDKs with receipts of single messages, in front of small stand-ins for the SDKs. */
import type { ChatSDK } from '@tencentcloud/chat';
import type { ZIM } from 'zego-zim-web';
import { describe, expect, it } from 'vitest';
import { easemobConversation, easemobOutbox } from '../../../src/outbox/adapters/easemob.ts';
import { type TencentChat, tencentOutbox } from '../../../src/outbox/adapters/tencent.ts';
import { type ZimClient, zimConversation, zimOutbox } from '../../../src/outbox/adapters/zim.ts';
import { messagesOf, receiptsOf, toldBy } from './receipts.ts';

/** The compiler checks that the SDKs' own clients fit. */
export const tencentFits = (chat: ChatSDK): TencentChat => chat;
export const zimFits = (zim: ZIM): ZimClient => zim;

const at = (order: number) => ({ id: `m${order}`, order });
const coded = (code: number | string) => Object.assign(new Error('no'), { code });

describe('@tencentcloud/chat', () => {
  type Event = { readonly data?: { readonly state?: string } };

  /** @param pages the history, newest page first: the SDK holds a page in memory once the page was asked for. */
  const tencent = (pages: readonly (readonly string[])[], refusals: Partial<Record<'receipts' | 'read' | 'list', Error>> = {}) => {
    const calls: unknown[] = [];
    const held = new Map<string, object>();
    const listeners = new Map<string, (event: Event) => void>();
    const answer = (error: Error | undefined): Promise<void> => (error ? Promise.reject(error) : Promise.resolve());
    const chat = {
      isOn: false as boolean,
      isReady() {
        return this.isOn;
      },
      findMessage: (id: string) => held.get(id) ?? null,
      getMessageList: async ({ nextReqMessageID }: { conversationID: string; nextReqMessageID?: string }) => {
        await answer(refusals.list);
        const page = Number(nextReqMessageID ?? 0);
        calls.push(`page ${page}`);
        for (const ID of pages[page] ?? []) held.set(ID, { ID });
        return { data: { nextReqMessageID: String(page + 1), isCompleted: page + 1 >= pages.length } };
      },
      sendMessageReadReceipt: (messages: readonly object[]) => {
        calls.push(messages.length);
        return answer(refusals.receipts);
      },
      setMessageRead: ({ conversationID }: { conversationID: string }) => {
        calls.push(`read ${conversationID}`);
        return answer(refusals.read);
      },
      on: (event: string, listener: (event: Event) => void) => void listeners.set(event, listener),
      off: (event: string, listener: (event: Event) => void) => {
        if (listeners.get(event) === listener) listeners.delete(event);
      },
    } satisfies TencentChat & { isOn: boolean };
    return { chat, calls, listeners, outbox: tencentOutbox(chat) };
  };

  it('after a reload the messages are loaded page after page, and told 30 in a request', async () => {
    const ids = messagesOf(70).map(({ id }) => id);
    const { outbox, calls } = tencent([ids.slice(40), ids.slice(0, 40), ['older']]);
    await outbox.send(receiptsOf('C2Cben', { messages: messagesOf(70), readUpTo: at(9) }));
    expect(calls).toEqual(['page 0', 'page 1', 30, 30, 10, 'read C2Cben']);
  });

  it('a clear is a single call, and loads no history', async () => {
    const { outbox, calls } = tencent([['m0']]);
    await outbox.send(receiptsOf('GROUPcrew', { cleared: 'whole' }));
    expect(calls).toEqual(['read GROUPcrew']);
  });

  it('a message that the history does not have is refused alone, after the others are told', async () => {
    const { outbox, calls } = tencent([['m0']]);
    const sending = outbox.send(receiptsOf('C2Cben', { messages: [{ id: 'm0' }, { id: 'gone' }] }));
    await expect(sending).rejects.toMatchObject({ code: 'message-not-found', messageIds: ['gone'] });
    expect(calls).toEqual(['page 0', 1]);
  });

  it('the history is searched ten pages deep', async () => {
    const { outbox, calls } = tencent(Array(50).fill(['x']));
    await expect(outbox.send(receiptsOf('C2Cben', { messages: [{ id: 'gone' }] }))).rejects.toMatchObject({ messageIds: ['gone'] });
    expect(calls.length).toBe(10);
  });

  it('codes for good refuse, in each of the calls, and every other failure is tried again', async () => {
    const receipts = receiptsOf('GROUPcrew', { messages: [{ id: 'm0' }], readUpTo: at(1) });
    const refused = (refusals: Parameters<typeof tencent>[1]) => tencent([['m0']], refusals).outbox.send(receipts);
    await expect(refused({ receipts: coded(10062) })).rejects.toMatchObject({ name: 'ReceiptRefused', code: '10062', messageIds: ['m0'] });
    for (const call of ['read', 'list'] as const)
      await expect(refused({ [call]: coded(10007) })).rejects.toMatchObject({ name: 'ReceiptRefused', messageIds: undefined });
    await expect(refused({ read: coded(2800) })).rejects.toMatchObject({ name: 'Error', code: 2800 });
  });

  it('the connection is there once the SDK is ready, and not while its network is away', () => {
    const { chat, listeners, outbox } = tencent([]);
    const { told, stop } = toldBy(outbox.connected);
    const tell = (event: string, state?: string): void => listeners.get(event)?.(state === undefined ? {} : { data: { state } });
    tell('netStateChange', 'connected');
    chat.isOn = true;
    tell('sdkStateReady');
    tell('netStateChange', 'disconnected');
    tell('netStateChange', 'connected');
    tell('sdkStateNotReady');
    expect(told).toEqual([false, false, true, false, true, false]);
    stop();
    expect(listeners.size).toBe(0);
  });
});

describe('zego-zim-web', () => {
  const zim = (history: readonly string[], errors: { readonly messages?: readonly string[]; readonly calls?: Error } = {}) => {
    const calls: unknown[] = [];
    const answer = <T>(value: T): Promise<T> => (errors.calls ? Promise.reject(errors.calls) : Promise.resolve(value));
    const client = {
      queryHistoryMessage: (_id: string, _type: number, { nextMessage, count }: { nextMessage?: object; count: number }) => {
        const end = nextMessage ? history.indexOf((nextMessage as { messageID: string }).messageID) : history.length;
        calls.push(`page to ${end}`);
        return answer({ messageList: history.slice(Math.max(0, end - count), end).map((messageID) => ({ messageID })) });
      },
      sendMessageReceiptsRead: (messages: readonly object[]) => {
        calls.push(messages.length);
        return answer({ errorMessageIDs: (errors.messages ?? []).filter((id) => JSON.stringify(messages).includes(`"${id}"`)) });
      },
      sendConversationMessageReceiptRead: (id: string, type: number) => {
        calls.push(`told ${type}:${id}`);
        return answer({});
      },
      clearConversationUnreadMessageCount: (id: string, type: number) => {
        calls.push(`cleared ${type}:${id}`);
        return answer({});
      },
    } satisfies ZimClient;
    return { calls, outbox: zimOutbox(client, { subscribe: () => ({ unsubscribe: () => undefined }) }) };
  };
  const history = messagesOf(250).map(({ id }) => id);

  it('after a reload the messages are loaded page after page, and told ten in a request', async () => {
    const { outbox, calls } = zim(history);
    await outbox.send(receiptsOf(zimConversation(2, 'crew'), { messages: history.slice(130, 155).map((id) => ({ id })) }));
    expect(calls).toEqual(['page to 250', 'page to 150', 10, 10, 5]);
  });

  it('a chat of two gets a conversation receipt and loses its count; a group and a clear only lose the count', async () => {
    const { outbox, calls } = zim([]);
    await outbox.send(receiptsOf(zimConversation(0, 'ben'), { readUpTo: at(1) }));
    await outbox.send(receiptsOf(zimConversation(2, 'crew'), { readUpTo: at(1) }));
    await outbox.send(receiptsOf(zimConversation(0, 'ben'), { cleared: 'whole' }));
    expect(calls).toEqual(['told 0:ben', 'cleared 0:ben', 'cleared 2:crew', 'cleared 0:ben']);
  });

  it('missing messages and messages that the server refuses are refused alone', async () => {
    const { outbox } = zim(history, { messages: ['m7'] });
    const sending = outbox.send(receiptsOf('0:ben', { messages: [{ id: 'm7' }, { id: 'm8' }, { id: 'gone' }] }));
    await expect(sending).rejects.toMatchObject({ code: 'message-refused', messageIds: ['gone', 'm7'] });
  });

  it('codes for good refuse, and every other failure is tried again', async () => {
    const receipts = receiptsOf('0:ben', { readUpTo: at(1) });
    for (const code of [6000001, 6000204, 6000285, 6000521, 6000523, 6000603])
      await expect(zim([], { calls: coded(code) }).outbox.send(receipts)).rejects.toMatchObject({
        name: 'ReceiptRefused',
        code: String(code),
      });
    await expect(zim([], { calls: coded(6000104) }).outbox.send(receipts)).rejects.toMatchObject({ name: 'Error' });
    await expect(zim([]).outbox.send(receiptsOf('ben', {}))).rejects.toMatchObject({ code: 'not-a-zim-conversation' });
  });
});

describe('easemob-websdk', () => {
  const easemob = (answer: (message: object) => Promise<unknown> = () => Promise.resolve()) => {
    const sent: object[] = [];
    let handler: { onConnected(): void; onDisconnected(): void } | undefined;
    const connection = {
      isOpened: () => false,
      send: (message: object) => {
        sent.push(message);
        return answer(message);
      },
      addEventHandler: (_id: string, added: NonNullable<typeof handler>) => void (handler = added),
      removeEventHandler: () => void (handler = undefined),
    };
    return { sent, handler: () => handler, outbox: easemobOutbox(connection, { create: (options) => options }) };
  };

  it('each message gets a read ack, and a conversation a channel ack', async () => {
    const { outbox, sent } = easemob();
    const messages = [{ id: 'm1' }, { id: 'm2', options: { ackContent: 'seen' } }];
    await outbox.send(receiptsOf(easemobConversation('groupChat', '7'), { messages, readUpTo: at(2) }));
    const to = { chatType: 'groupChat', to: '7' };
    expect(sent).toEqual([
      { type: 'read', ...to, id: 'm1' },
      { type: 'read', ...to, id: 'm2', ackContent: 'seen' },
      { type: 'channel', ...to },
    ]);
    await expect(outbox.send(receiptsOf('7', {}))).rejects.toMatchObject({ code: 'not-an-easemob-conversation' });
  });

  it.each([204, 221, 506, 507, 602, 603, 605])('the code %i refuses its message alone, for good', async (type) => {
    const { outbox } = easemob((message) => ('id' in message ? Promise.reject(Object.assign(new Error(), { type })) : Promise.resolve()));
    const sending = outbox.send(receiptsOf('singleChat:ben', { messages: [{ id: 'm1' }, { id: 'm2' }] }));
    await expect(sending).rejects.toMatchObject({ name: 'ReceiptRefused', code: String(type), messageIds: ['m1'] });
  });

  it('a timeout, a busy server, and an error in one of the app’s own handlers are tried again', async () => {
    for (const type of [31, 500, 503, 512]) {
      const { outbox } = easemob(() => Promise.reject(Object.assign(new Error(), { type })));
      await expect(outbox.send(receiptsOf('singleChat:ben', { readUpTo: at(1) }))).rejects.toMatchObject({ type });
    }
  });

  it('the connection is the SDK’s own', () => {
    const { handler, outbox } = easemob();
    const { told, stop } = toldBy(outbox.connected);
    handler()!.onConnected();
    handler()!.onDisconnected();
    stop();
    expect([told, handler()]).toEqual([[false, true, false], undefined]);
  });
});
