/** The browser ends a subscription after three pushes without a notification: so each push shows a notification. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PushFrame } from '../../../src/protocol/push.ts';
import type { ReceiptSyncOptions } from '../../../src/service-worker/index.ts';
import { PLAIN, PushBench } from '../../support/push-bench.ts';

/** Safari's limit. */
const PUSHES = 3;

describe('three pushes in a row', () => {
  let bench: PushBench;
  beforeEach(async () => {
    bench = await PushBench.start();
  });
  afterEach(() => bench.end());

  /** Three times the same kind of push. @returns the titles shown by each. */
  const three = async (
    data: (push: PushFrame) => object | string,
    notification: ReceiptSyncOptions['notification'] = () => ({ title: 'news' }),
  ): Promise<string[]> => {
    const titles: string[] = [];
    for (let n = 0; n < PUSHES; n++) {
      await bench.push(data(await bench.pushOf(`${n}`)), notification).catch(() => undefined);
      const shown = bench.scope.calls.splice(0);
      expect(shown).toHaveLength(1);
      titles.push(shown[0]!.title);
    }
    return titles;
  };
  const plain = Array.from({ length: PUSHES }, () => PLAIN.title);
  const news = Array.from({ length: PUSHES }, () => 'news');

  it('three pushes of a newer server are shown as the app says, also with keys that this service worker does not know (F131)', async () => {
    expect(await three((push) => ({ ...push, later: { depth: 1 }, message: { ...push.message, later: true } }))).toEqual(news);
  });

  it('three pushes that this service worker cannot read are shown plainly (F131)', async () => {
    const notRead = (push: PushFrame): object => ({ ...push, message: 'of another version' });
    expect(await three(notRead)).toEqual(plain);
    expect(await three((push) => ({ ...notRead(push), userId: '\ud800' }))).toEqual(plain);
    expect(await three((push) => ({ web_push: 8030, notification: { title: 'x', navigate: 'x', data: notRead(push) } }))).toEqual(plain);
    expect(await three((push) => JSON.stringify({ ...push, more: 'x'.repeat(4000) }))).toEqual(plain);
  });

  it('three pushes of read messages, for which the app is not asked, are shown plainly (F131)', async () => {
    const elsewhere = await bench.open('alice');
    const titles: string[] = [];
    for (let n = 0; n < PUSHES; n++) {
      const push = await bench.pushOf(`${n}`);
      await elsewhere.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 1);
      await elsewhere.do('clearConversationUnreadCount', 'direct:bob');
      await elsewhere.until({ of: 'outbox' }, ({ pending }) => pending === 0);
      await bench.push(push, () => ({ title: 'news' }));
      titles.push(...bench.scope.calls.splice(0).map(({ title }) => title));
    }
    expect(titles).toEqual(plain);
  });

  it('three pushes whose callback shows nothing, or that name an unknown account, are shown plainly (F131)', async () => {
    expect(
      await three(
        (push) => push,
        () => null,
      ),
    ).toEqual(plain);
    expect(
      await three(
        (push) => push,
        () => Promise.reject(new Error('of the app')),
      ),
    ).toEqual(plain);
    expect(await three((push) => ({ ...push, userId: 'of-nobody' }))).toEqual(plain);
  });

  it('pushes of another protocol are left to the app (F131)', async () => {
    for (const data of [
      'new message!',
      '{"title":"x"}',
      '{"type":"push"}',
      '{"web_push":8030,"notification":{"title":"x","navigate":"https://x.example/"}}',
    ])
      await bench.push(data);
    expect(bench.scope.calls).toEqual([]);
  });
});
