/**
 * Code that was written against the vendor's declarations compiles against the facade. The compiler is the test: `npm run types` reads
 * this file, and nothing runs it.
 */
import type { EasemobChat, EasemobChatStatic } from 'easemob-websdk';
import websdk, { type Connection, type EventHandlers } from '../../../src/compat/easemob/easemob.ts';

/** The vendor declares `this: Connection` for many calls. An app calls them on its connection, so the parameter says nothing. */
type Callable<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? OmitThisParameter<T[K]> : T[K] };

type VendorConnection = Callable<
  Pick<
    EasemobChat.Connection,
    | 'open'
    | 'close'
    | 'isOpened'
    | 'addEventHandler'
    | 'removeEventHandler'
    | 'renewToken'
    | 'getGroupMsgReadUser'
    | 'recallMessage'
    | 'getServerConversations'
  >
> & {
  /** Pictures, voices and files are not covered. */
  readonly send: (
    message: Exclude<EasemobChat.MessageBody, { readonly type: 'img' | 'audio' | 'video' | 'file' | 'combine' | 'loc' }>,
  ) => Promise<Omit<EasemobChat.SendMsgResult, 'message'>>;
};

/** An app that takes the vendor's connection takes the facade's. */
export const asVendor = (connection: Connection): VendorConnection => connection;

/** The calls of the vendor's receipt guide, with the facade in the vendor's place. */
export const sendReceipts = async (connection: Connection): Promise<void> => {
  const create: typeof websdk.message.create = websdk.message.create;
  const read = create({ type: 'read', chatType: 'singleChat', to: 'userId', id: 'messageId' });
  const channel = create({ chatType: 'singleChat', type: 'channel', to: 'userId' });
  const group = create({ type: 'txt', chatType: 'groupChat', to: 'groupId', msg: 'message content', msgConfig: { allowGroupAck: true } });
  for (const message of [read, channel, group]) await connection.send(message);
  const result: Pick<EasemobChat.SendMsgResult, 'localMsgId' | 'serverMsgId'> = await connection.send(read);
  const readers: EasemobChat.GetGroupMsgReadUserResult = (await connection.getGroupMsgReadUser({ msgId: 'id', groupId: 'groupId' })).data;
  const { conversations }: { readonly conversations: Pick<EasemobChat.ConversationItem, 'conversationId' | 'unReadCount'>[] } = (
    await connection.getServerConversations({ pageSize: 50, cursor: '' })
  ).data;
  void [result, readers, conversations];
};

/** Handlers that the vendor's types accept, and handlers of the vendor's guide that the vendor's types refuse. */
type VendorHandlers = NonNullable<Parameters<EasemobChat.Connection['addEventHandler']>[1]>;
export const listen = (connection: Connection, handlers: VendorHandlers): void => connection.addEventHandler('id', handlers);
export const fromTheGuide: EventHandlers = {
  // The vendor declares `groupReadCount: number` and `mid?: string`, so this line of its guide compiles here alone.
  onReadMessage: (message) => void (message.groupReadCount && message.groupReadCount[message.mid!]),
  onStatisticMessage: (statistics) => void (statistics.location && (JSON.parse(statistics.location) as { group_ack: unknown }).group_ack),
};

/** The default export has the vendor's names. */
export const names: { readonly [K in keyof Pick<EasemobChatStatic, 'connection' | 'message'>]: unknown } = websdk;
