import { afterAll, describe, expect, it } from 'vitest';
import { createReceiptClient, UsageError } from '../../src/index.ts';
import { ID_RULE } from '../../src/model/ids.ts';

/** No server listens here. */
const url = 'ws://127.0.0.1:9/receipts';
const client = createReceiptClient({ url, userId: `arguments-${performance.timeOrigin}`, getToken: () => 'token' });
afterAll(() => client.close());

/** Callers without types may pass any value, and more arguments than the call has. */
const loose = client as unknown as Record<string, (...given: unknown[]) => unknown>;
const failureOf = async (name: string, given: readonly unknown[]): Promise<UsageError> => {
  try {
    await loose[name]!(...given);
  } catch (error) {
    expect(error, name).toBeInstanceOf(UsageError);
    expect((error as UsageError).code, name).toBe('usage/invalid-argument');
    return error as UsageError;
  }
  throw new Error(`${name} took it`);
};

describe('the arguments of the calls', () => {
  it.each<[string, unknown[], string]>([
    [
      'sendMessage',
      ['direct:bob', 1, { requestReciept: true }],
      'sendMessage: unknown option "requestReciept"; did you mean "requestReceipt"?',
    ],
    ['sendReadReceipts', ['group:g', ['m'], { contents: 'x' }], '"contents"; did you mean "content"?'],
    ['sendConversationReadReceipt', ['direct:bob', { upto: 'm' }], '"upto"; did you mean "upTo"?'],
    ['clearConversationUnreadCount', ['direct:bob', { until: 'm' }], '"until"; the known options are upTo, messageIds'],
    ['clearAllUnreadCounts', [{ typ: 'direct' }], '"typ"; did you mean "type"?'],
    ['setMarkedUnread', ['direct:bob', true, { fromm: 'm' }], '"fromm"; did you mean "from"?'],
    ['setReceiptSettings', [{ readReceipt: false }], '"readReceipt"; did you mean "readReceipts"?'],
    ['viewConversation', ['direct:bob', { receipt: false }], '"receipt"; did you mean "receipts"?'],
    ['loadOlderMessages', ['direct:bob', { limits: 3 }], '"limits"; did you mean "limit"?'],
    ['loadMessages', ['direct:bob', { around: 1, limits: 3 }], '"limits"; did you mean "limit"?'],
    ['fetchReadMembers', ['m', { filters: 'read' }], '"filters"; did you mean "filter"?'],
    ['watchReceiptsIn', ['direct:bob', { max: 3 }], 'watchReceiptsIn: unknown option "max"'],
    ['flush', [{ timeout: 3 }], '"timeout"; did you mean "timeoutMs"?'],
    ['retryDeadLetter', ['id', { receipt: false }], 'retryDeadLetter: unknown option "receipt"'],
    ['logOut', [{ pending: 'discard', keepdata: true }], '"keepdata"; did you mean "keepData"?'],
    ['watchConversations', [{ Limit: 3 }], '"Limit"; did you mean "limit"?'],
    ['watchMessages', ['direct:bob', { max: 3 }], 'watchMessages: unknown option "max"'],
    ['watchTotalUnreadCount', [{ types: 'group' }], '"types"; did you mean "type"?'],
  ])('%s refuses an option with an unknown name, and suggests the nearest known one (F126)', async (name, given, said) => {
    expect((await failureOf(name, given)).message).toContain(said);
  });

  const bad = '\ufeffbob';
  it.each<[string, unknown[]]>([
    ['sendMessage', [`direct:${bad}`, 1]],
    ['sendMessage', ['direct:bob', 1, { id: bad }]],
    ['recallMessage', [bad]],
    ['sendReadReceipts', ['direct:bob', [bad]]],
    ['sendConversationReadReceipt', ['direct:bob', { upTo: bad }]],
    ['clearConversationUnreadCount', ['direct:bob', { upTo: bad }]],
    ['clearConversationUnreadCount', ['direct:bob', { messageIds: ['m', bad] }]],
    ['setMarkedUnread', [`group:${bad}`, true]],
    ['setMuted', [`group:${bad}`, true]],
    ['viewConversation', [`group:${bad}`]],
    ['loadOlderMessages', [`group:${bad}`, { limit: 1 }]],
    ['loadMessages', ['direct:bob', { around: bad, limit: 1 }]],
    ['findMessage', [bad]],
    ['watchReceiptsIn', [`group:${bad}`]],
    ['fetchReceipts', [[bad]]],
    ['fetchReadMembers', [bad, { filter: 'read' }]],
    ['explainUnread', [`direct:${bad}`]],
    ['retryDeadLetter', [bad]],
    ['dismissDeadLetter', [bad]],
    ['watchUnreadCount', [`direct:${bad}`]],
    ['watchMentionCount', [`direct:${bad}`]],
    ['watchConversation', [`direct:${bad}`]],
    ['watchMessages', [`direct:${bad}`]],
    ['watchReceipts', [bad]],
  ])('%s refuses an id that contains U+FEFF, by name (F110)', async (name, given) => {
    const { message } = await failureOf(name, given);
    expect(message).toContain(ID_RULE);
    expect(message).toContain('U+FEFFbob');
  });

  it('a view refuses an id that contains U+FEFF in seen() (F110)', () => {
    const viewing = client.viewConversation('direct:bob');
    expect(() => viewing.seen(bad)).toThrow(ID_RULE);
    viewing.close();
  });

  it('a body with -0 or a hole is refused with its path (F110)', async () => {
    expect((await failureOf('sendMessage', ['direct:bob', { list: [1, , -0] }])).message).toContain('body.list[1] is a hole');
    expect((await failureOf('sendMessage', ['direct:bob', [0, -0]])).message).toContain('body[1] is -0');
  });
});
