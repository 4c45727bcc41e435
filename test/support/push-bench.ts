/**
 * A device with a service worker and no page: a real store and server, and a browser with a list of
 * notifications. The service worker runs in real time, because its clock is the browser's; each request lets
 * the virtual time of the server pass.
 */
import 'fake-indexeddb/auto';
import { vi } from 'vitest';
import { enterAccount } from '../../src/engine/account/enter-account.ts';
import { Writer } from '../../src/engine/write/writer.ts';
import type { ConversationId } from '../../src/model/ids.ts';
import type { Mentions } from '../../src/model/message/mentions.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { claimBadge } from '../../src/platform/app-badge.ts';
import { browserClock } from '../../src/platform/browser-ports.ts';
import type { PushFrame } from '../../src/protocol/push.ts';
import { installReceiptSync, type ReceiptSyncOptions } from '../../src/service-worker/index.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import { createTestWorld } from '../../src/testing/world.ts';
import { FakeWorkerScope } from './fake-worker-scope.ts';
import { quietPorts } from './quiet-ports.ts';
import { openDevice, type WorldTab } from './on-tab.ts';

export const url = 'ws://server.example/receipts';
/** The account of the device in the browser. */
export const DATABASE = databaseName(url, 'alice');
/** The plain notification of alice. */
export const PLAIN = { title: 'app.example', options: { tag: 'tidemark:alice', silent: true } };

export class PushBench {
  readonly world = createTestWorld();
  readonly badge: number[] = [];
  /** The steps in the order of time. */
  readonly steps: string[] = [];
  readonly scope = new FakeWorkerScope();
  isAllowed = true;
  isReachable = true;
  bob!: WorldTab;

  /** For a device logged in as alice, with the badge of its icon. */
  static async start(): Promise<PushBench> {
    const bench = new PushBench();
    const { badge, steps, scope, world } = bench;
    scope.check = () => {
      if (!bench.isAllowed) throw new TypeError('No notification permission has been granted for this origin.');
      steps.push('shown');
    };
    vi.stubGlobal('isSecureContext', true);
    const setAppBadge = async (total: number): Promise<void> => {
      badge.push(total);
      steps.push('badge');
    };
    vi.stubGlobal('navigator', { setAppBadge, clearAppBadge: () => setAppBadge(0) });
    vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
      if (!bench.isReachable) throw new TypeError('no network');
      const answer = await world.until(world.server.request(body));
      return new Response(answer.body, { status: answer.status, headers: { 'content-type': 'application/json' } });
    });
    bench.bob = await bench.open('bob');
    const store = await openDiskStore(DATABASE, { clock: browserClock });
    await enterAccount(store, { userId: 'alice', deviceId: 'phone' });
    await Writer.open(quietPorts(store), 'alice');
    store.close();
    await claimBadge(DATABASE, 'messages');
    return bench;
  }

  /** A tab on another device. */
  async open(userId: string): Promise<WorldTab> {
    const [, tab] = await openDevice(this.world, userId);
    return tab;
  }

  async end(): Promise<void> {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name!);
  }

  install(options: Partial<ReceiptSyncOptions> = {}): void {
    this.scope.listeners.clear();
    installReceiptSync(this.scope, { url, getToken: () => this.world.server.token('alice'), log: () => undefined, ...options });
  }

  /** Dispatches the event. @returns the promise awaited by the event. */
  push(data: object | string, notification?: ReceiptSyncOptions['notification']): Promise<unknown> {
    this.install(notification ? { notification } : {});
    return this.scope.push(data);
  }

  /** Bob sends a message. @returns the push from the host to the device. */
  async pushOf(text: string, to: ConversationId = 'direct:alice', mentions?: Mentions): Promise<PushFrame> {
    const { id } = await this.bob.do('sendMessage', to, { body: JSON.stringify(text), mentions });
    await this.bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const { seq } = (await this.bob.ask('findMessage', id))!;
    const message = { id, seq: seq!, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true };
    const conversationId = to === 'direct:alice' ? 'direct:bob' : to;
    return { type: 'push', userId: 'alice', conversationId, message: mentions ? { ...message, mentionsMe: true } : message };
  }
}
