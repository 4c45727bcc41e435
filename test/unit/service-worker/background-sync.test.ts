/** A sync event from its dispatch to its end, in the service worker's code over a real store; the server refuses every request. */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { databaseName, SYNC_TAG } from '../../../src/model/storage-name.ts';
import { browserClock, browserRandom } from '../../../src/platform/browser-ports.ts';
import { installReceiptSync } from '../../../src/service-worker/index.ts';
import { enterAccount } from '../../../src/engine/account/enter-account.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { FakeWorkerScope } from '../../support/fake-worker-scope.ts';

const url = 'ws://server.example/receipts';
const STEP_MS = 500;

let asked: number;

beforeEach(async () => {
  asked = 0;
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('fetch', async () => {
    asked++;
    const busy = { type: 'error', code: 'server/busy', message: 'not now', retryAfterMs: 1000 };
    return new Response(JSON.stringify([busy]), { status: 200, headers: { 'content-type': 'application/json' } });
  });
  const store = await openDiskStore(databaseName(url, 'alice'), { clock: browserClock });
  await enterAccount(store, { userId: 'alice', deviceId: 'phone' });
  const ports = {
    store,
    clock: browserClock,
    random: browserRandom,
    bus: { post: () => undefined, listen: () => () => undefined },
    log: () => undefined,
    fault: () => undefined,
  };
  const writer = await Writer.open(ports, 'alice');
  await writer.write('send', { durability: 'strict' }, (draft) => sendMessage(draft, ports, 'direct:bob', { body: '"hi"' }));
  store.close();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name!);
});

/** Dispatches a sync event. @returns how many seconds the event lasted before it was rejected. */
const secondsUntilRejected = async (lastChance: boolean): Promise<number> => {
  const scope = new FakeWorkerScope();
  const logged: string[] = [];
  installReceiptSync(scope, { url, getToken: () => 'token-of-alice', log: (_, event) => void logged.push(event) });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const done = scope.dispatch('sync', { tag: SYNC_TAG, lastChance })!;
  let end: unknown;
  done.then(
    () => (end = 'sent'),
    (error: unknown) => (end = error),
  );
  const began = performance.now();
  while (end === undefined) {
    // The store works in real turns of the event loop.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(STEP_MS);
  }
  expect(end).toMatchObject({ name: 'TransportError' });
  expect(logged).toContain('outbox-not-sent');
  return (performance.now() - began) / 1000;
};

it('a background sync that the browser repeats later ends within half a minute of refusals (F115)', async () => {
  expect(await secondsUntilRejected(false)).toBeLessThan(35);
  expect(asked).toBeGreaterThan(1);
}, 30_000);

it('a background sync that the browser will not repeat goes on for up to two minutes of refusals (F115)', async () => {
  const seconds = await secondsUntilRejected(true);
  expect(seconds).toBeGreaterThan(40);
  expect(seconds).toBeLessThan(125);
}, 30_000);
