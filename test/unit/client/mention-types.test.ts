/** The types of the calls about mentions. The compiler checks them; the test run has nothing to check. */
import type { Observable } from 'rxjs';
import { expectTypeOf, it } from 'vitest';
import type { Conversation, Mentions, Message, ReceiptClient, ReceiptClientOptions, SendMessageOptions } from '../../../src/index.ts';

it('the calls about mentions take and give these types', () => {
  expectTypeOf<SendMessageOptions['mentions']>().toEqualTypeOf<Mentions | undefined>();
  expectTypeOf<Mentions>().toEqualTypeOf<'all' | readonly string[]>();
  expectTypeOf<ReceiptClient['watchMentionCount']>().returns.toEqualTypeOf<Observable<number>>();
  expectTypeOf<ReceiptClient['watchTotalUnreadCount']>().toBeCallableWith({ of: 'mentions', type: 'group' });
  expectTypeOf<ReceiptClient['watchTotalUnreadCount']>().returns.toEqualTypeOf<Observable<number>>();
  expectTypeOf<Conversation['mentionCount']>().toEqualTypeOf<number>();
  expectTypeOf<Message['mentionsMe']>().toEqualTypeOf<boolean>();
  expectTypeOf<{ counts: 'mentions' }>().toExtend<ReceiptClientOptions['appBadge']>();
  // @ts-expect-error A single user id is no list.
  expectTypeOf<'bob'>().toExtend<Mentions>();
  // @ts-expect-error A total counts nothing else.
  expectTypeOf<ReceiptClient['watchTotalUnreadCount']>().toBeCallableWith({ of: 'people' });
});
