/** A push event from its dispatch to its end, in the service worker's code over a real store and server. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimBadge } from '../../../src/platform/app-badge.ts';
import { SHOWN_WITHIN_MS } from '../../../src/service-worker/notice.ts';
import { catchUpOverHttp } from '../../../src/engine/sync/feed/catch-up-over-http.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { browserClock } from '../../../src/platform/browser-ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { browserNet } from '../../../src/transport/browser-net.ts';
import { DATABASE, PLAIN, PushBench, url } from '../../support/push-bench.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

describe('a push in the service worker', () => {
  let bench: PushBench;
  beforeEach(async () => {
    bench = await PushBench.start();
  });
  afterEach(() => bench.end());

  it('a push is stored and counted on the icon before the app’s callback runs, and shown as the callback says', async () => {
    await bench.push(await bench.pushOf('hi'), ({ body }, { totalUnreadCount }) => {
      bench.steps.push('asked');
      return { title: `${JSON.stringify(body)} ${totalUnreadCount}` };
    });
    expect(bench.steps.slice(0, 3)).toEqual(['badge', 'asked', 'shown']);
    expect(bench.scope.calls.map(({ title }) => title)).toEqual(['"hi" 1']);
    await bench.bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
  });

  it('a badge of mentions shows no other message, without a page too', async () => {
    await claimBadge(DATABASE, 'mentions');
    await bench.push(await bench.pushOf('hi'));
    expect(bench.badge.at(-1)).toBe(0);
    await bench.push(await bench.pushOf('hi alice', 'direct:alice', ['alice']));
    expect(bench.badge.at(-1)).toBe(1);
  });

  it('without permission for notifications, a push is counted on the icon and confirmed as delivered, and the event rejects at its end (F116)', async () => {
    bench.isAllowed = false;
    await expect(bench.push(await bench.pushOf('hi'), () => ({ title: 'hi' }))).rejects.toThrow('permission');
    expect(bench.badge.at(-1)).toBe(1);
    expect(bench.scope.calls).toEqual([]);
    await bench.bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
  });

  for (const [how, notification] of [
    ['throws', () => Promise.reject(new Error('of the app'))],
    [
      'throws at once',
      () => {
        throw new Error('of the app');
      },
    ],
  ] as const)
    it(`a push whose callback ${how} is counted, confirmed as delivered and shown plainly, and the event rejects at its end (F116)`, async () => {
      await expect(bench.push(await bench.pushOf('hi'), notification)).rejects.toThrow('of the app');
      expect(bench.badge.at(-1)).toBe(1);
      expect(bench.scope.calls).toEqual([PLAIN]);
      await bench.bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
    });

  it('a push without a callback, or whose callback returns null, is shown plainly and replaces the previous plain notification (F116)', async () => {
    await bench.push(await bench.pushOf('muted'), () => null);
    await bench.push(await bench.pushOf('no callback'));
    expect(bench.scope.calls).toEqual([PLAIN, PLAIN]);
    expect(bench.badge.at(-1)).toBe(2);
  });

  it('a push whose callback never answers is shown plainly within 15 s, and its event ends (F116)', async () => {
    const push = await bench.pushOf('hi');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let asked: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const done = bench.push(push, () => {
      asked();
      return new Promise(() => undefined);
    });
    const end = expect(done).rejects.toMatchObject({ code: 'usage/invalid-option' });
    while (await Promise.race([wasAsked.then(() => false), new Promise((resolve) => setImmediate(() => resolve(true)))]))
      await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(SHOWN_WITHIN_MS);
    await end;
    expect(bench.scope.calls).toEqual([PLAIN]);
    expect(bench.badge.at(-1)).toBe(1);
  });

  it('a push whose notification the browser refuses is shown plainly (F116)', async () => {
    bench.scope.check = (_, options) => {
      if (options?.body === 'bad') throw new TypeError('bad options');
    };
    await expect(bench.push(await bench.pushOf('hi'), () => ({ title: 'hi', options: { body: 'bad' } }))).rejects.toThrow('bad options');
    expect(bench.scope.calls).toEqual([PLAIN]);
  });

  it('a push is shown with its own data if no server answers (F116)', async () => {
    const push = await bench.pushOf('hi');
    bench.isReachable = false;
    await bench.push(push, ({ senderId, body }) => ({ title: `${senderId} ${String(body)}` }));
    expect(bench.scope.calls.map(({ title }) => title)).toEqual(['bob null']);
  });

  it('a push is shown as the callback says, once, also if a page takes the lead while the service worker asks the server (F116)', async () => {
    const push = await bench.pushOf('hi');
    const ask = fetch;
    let [asked, answer, stolen] = [() => undefined, () => undefined, () => undefined] as (() => void)[];
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    vi.stubGlobal('fetch', async (...request: Parameters<typeof fetch>) => {
      asked!();
      await mayAnswer;
      return ask(...request);
    });
    const request = (_: string, __: object, granted: (lock: object) => Promise<void>): Promise<void> =>
      Promise.race([new Promise<void>((_, reject) => (stolen = () => reject(new DOMException('stolen', 'AbortError')))), granted({})]);
    Object.assign(navigator, { locks: { request } });
    const done = bench.push(push, ({ body }, { totalUnreadCount }) => {
      bench.steps.push('asked');
      return { title: `${JSON.stringify(body)} ${totalUnreadCount}` };
    });
    await isAsked;
    vi.stubGlobal('fetch', ask);
    const store = await openDiskStore(DATABASE, { clock: browserClock });
    const ports = { ...quietPorts(store), net: browserNet(url), token: { getToken: async () => bench.world.server.token('alice') } };
    const page = await Writer.open(ports, 'alice');
    const fence = await page.takeFence();
    stolen!();
    const { conversationId, message } = push;
    await catchUpOverHttp(ports, { userId: 'alice', deviceId: 'phone' }, page, fence, { conversationId, seq: message.seq });
    answer!();
    await done;
    store.close();
    expect(bench.scope.calls.map(({ title }) => title)).toEqual(['"hi" 1']);
    expect(bench.steps.filter((step) => step === 'asked')).toHaveLength(1);
  });

  it('a push for an unknown account or with no news is shown without names (F116)', async () => {
    const push = await bench.pushOf('hi');
    const asked: string[] = [];
    const notification = ({ id }: { id: string }): null => {
      asked.push(id);
      return null;
    };
    await bench.push({ ...push, userId: 'of-nobody' }, notification);
    await bench.push({ ...push, message: { ...(push as { message: object }).message, id: 'made-up' } }, notification);
    expect(asked).toEqual([]);
    expect(bench.scope.calls).toEqual([{ ...PLAIN, options: { ...PLAIN.options, tag: 'tidemark:of-nobody' } }, PLAIN]);
    // A push of another protocol is left to the app.
    await bench.push({ hello: 'world' }, notification);
    expect(bench.scope.calls).toHaveLength(2);
  });
});
