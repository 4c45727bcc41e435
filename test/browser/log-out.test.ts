import { firstValueFrom, filter, lastValueFrom, type Observable, timeout, toArray } from 'rxjs';
import { createStore, get, keys } from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReceiptClient, type ReceiptClient, type ReceiptClientOptions } from '../../src/index.ts';
import { readFirstPaint } from '../../src/client/page/first-paint.ts';
import { OwnWorkers } from '../../src/client/worker-start/own-workers.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { noTotals } from '../../src/model/conversation/total.ts';
import { drainAllAccounts } from '../../src/service-worker/background-sync.ts';
import { browserTaskPorts } from '../../src/service-worker/browser-task-ports.ts';
import { FakeWorkerScope } from '../support/fake-worker-scope.ts';
import { stretched } from './backend.ts';

/** No server listens here: all of this is offline. */
const url = 'ws://127.0.0.1:9/receipts';
let users = 0;
const newUser = (): string => `leaver-${performance.timeOrigin}-${++users}`;

const databases = async (): Promise<string[]> => (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
const devices = async (): Promise<IDBValidKey[]> => keys(createStore('tidemark-devices', 'ids'));
const deviceOf = (userId: string): Promise<string | undefined> => get(databaseName(url, userId), createStore('tidemark-devices', 'ids'));

/** The accounts for which the woken service worker asks for a token: the service worker sends nothing without a token. */
const accountsAsked = async (): Promise<string[]> => {
  const asked: string[] = [];
  const getToken = (userId: string): string => {
    asked.push(userId);
    return 'token';
  };
  const options = { url, getToken, log: () => undefined, scope: new FakeWorkerScope() };
  await drainAllAccounts({ ...options, taskPorts: browserTaskPorts(options) }).catch(() => undefined);
  return asked;
};

const putPaint = (name: string, paint: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error!);
    opening.onsuccess = () => {
      const tx = opening.result.transaction('meta', 'readwrite');
      tx.objectStore('meta').put(paint, 'paint');
      tx.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });

describe('log-out in a real browser', () => {
  const open: ReceiptClient[] = [];
  let userId: string;
  beforeEach(() => {
    userId = newUser();
  });
  const client = (more: Partial<ReceiptClientOptions> = {}): ReceiptClient => {
    const made = createReceiptClient({ url, userId, getToken: () => 'token', ...more });
    open.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((made) => made.close()));
  });

  it('log-out with `discard` while offline removes the database and the device id, completes streams, and closes the client', async () => {
    const made = client();
    await made.sendMessage('direct:bob', 'secret');
    expect(await databases()).toContain(databaseName(url, userId));
    expect(await deviceOf(userId)).toBeDefined();
    const outbox = lastValueFrom(made.watchOutbox().pipe(toArray()));
    const total$ = made.watchTotalUnreadCount();
    await made.logOut({ pending: 'discard' });
    expect((await outbox).at(-1)).toMatchObject({ pending: 0 });
    expect(await databases()).not.toContain(databaseName(url, userId));
    expect(await devices()).not.toContain(databaseName(url, userId));
    await expect(made.sendMessage('direct:bob', 'late')).rejects.toMatchObject({ code: 'usage/closed' });
    await expect(made.logOut({ pending: 'discard' })).rejects.toMatchObject({ code: 'usage/closed' });
    expect(await lastValueFrom(total$, { defaultValue: 'nothing' })).toBe('nothing');
    expect(() => made.watchOutbox()).toThrow(expect.objectContaining({ code: 'usage/closed' }) as Error);
    expect(await databases()).not.toContain(databaseName(url, userId));
  });

  it('log-out with `send` while offline is refused with the number of pending entries, and the client goes on', async () => {
    const made = client();
    await made.sendMessage('direct:bob', 'one');
    await made.sendMessage('direct:bob', 'two');
    const refused = made.logOut({ pending: 'send', timeoutMs: 200 });
    await expect(refused).rejects.toMatchObject({ name: 'TransportError', code: 'transport/unreachable', pending: 2 });
    await made.sendMessage('direct:bob', 'three');
    expect(await firstValueFrom(made.watchOutbox())).toMatchObject({ pending: 3 });
  });

  it('invalid options of a log-out are refused by name and change nothing', async () => {
    const made = client();
    for (const options of [undefined, {}, { pending: 'keep' }, { pending: 'send', timeoutMs: 0 }, { pending: 'discard', keepData: 1 }])
      await expect(made.logOut(options as never)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    expect(await made.sendMessage('direct:bob', 'still here')).toMatchObject({ status: 'pending' });
  });

  it('the next log-in starts empty and with another device id, and another account stays unchanged', async () => {
    const otherId = newUser();
    const other = createReceiptClient({ url, userId: otherId, getToken: () => 'token' });
    open.push(other);
    await other.sendMessage('direct:bob', 'theirs');
    const made = client();
    await made.sendMessage('direct:bob', 'mine');
    const device = await deviceOf(userId);
    await made.logOut({ pending: 'discard' });
    const again = client();
    expect(await firstValueFrom(again.watchMessages('direct:bob'))).toEqual([]);
    await again.sendMessage('direct:carol', 'new');
    expect(await deviceOf(userId)).not.toBe(device);
    expect(await firstValueFrom(again.watchOutbox())).toMatchObject({ pending: 1 });
    expect(await firstValueFrom(other.watchOutbox())).toMatchObject({ pending: 1 });
    expect(await deviceOf(otherId)).toBeDefined();
  });

  it('after a log-out in another tab, streams complete, waiting calls reject, and later calls are refused', async () => {
    const [one, two] = [client(), client()];
    await one.sendMessage('direct:bob', 'x');
    const streams: Observable<unknown>[] = [
      two.watchMessages('direct:bob'),
      two.watchConnection(),
      two.watchEvents(),
      two.watchTotalUnreadCount(),
    ];
    const ends = streams.map((stream) => lastValueFrom(stream.pipe(toArray())));
    await firstValueFrom(two.watchOutbox().pipe(filter(({ pending }) => pending === 1)));
    const waiting = two.flush({ timeoutMs: 100_000 }).catch((error: unknown) => error);
    await one.logOut({ pending: 'discard' });
    await Promise.all(ends);
    expect(await waiting).toMatchObject({ code: 'usage/closed' });
    await expect(two.sendMessage('direct:bob', 'late')).rejects.toMatchObject({ code: 'usage/closed' });
    expect(await databases()).not.toContain(databaseName(url, userId));
    // A tab opened now has no data of the account.
    expect(await firstValueFrom(client().watchMessages('direct:bob'))).toEqual([]);
  });

  it('if the worker is killed during a log-out, the next worker completes it and does not log in again (F44)', async () => {
    const name = databaseName(url, userId);
    const workers: Worker[] = [];
    const made = client({
      worker: () => {
        workers.push(new OwnWorkers().make());
        return workers.at(-1)!;
      },
    });
    await made.sendMessage('direct:bob', 'secret');
    const conversations = lastValueFrom(made.watchConversations().pipe(toArray()));
    const left = made.logOut({ pending: 'discard' });
    setTimeout(() => workers[0]!.terminate());
    await left;
    expect(workers).toHaveLength(2);
    await conversations;
    expect(await databases()).not.toContain(name);
    expect(await deviceOf(userId)).toBeUndefined();
    await expect(made.sendMessage('direct:bob', 'late')).rejects.toMatchObject({ code: 'usage/closed' });
  });

  it('if the worker is killed after the record of a log-out, the next start completes it, and the first paint shows no old data', async () => {
    const name = databaseName(url, userId);
    let worker: Worker | undefined;
    const made = client({
      worker: () => {
        // The page ends together with its worker.
        if (worker) throw new Error('no more workers');
        return (worker = new OwnWorkers().make());
      },
    });
    await made.sendMessage('direct:bob', 'secret');
    const device = await deviceOf(userId);
    // The first paint of a device after a sync.
    await putPaint(name, {
      totals: { ...noTotals(), messages: { direct: 1, group: 0 } },
      conversations: [{ id: 'direct:bob' }],
    });
    expect(await readFirstPaint(name)).toMatchObject({ conversations: [{ id: 'direct:bob' }] });
    // As long as this page holds the lock of the leader, the log-out waits after its record.
    let release: () => void = () => undefined;
    await new Promise<void>((held) => {
      void navigator.locks.request(name, { steal: true }, () => {
        held();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });
    const recorded = new Promise<void>((resolve) => {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }: MessageEvent<{ type: string }>) => {
        if (data.type !== 'logged-out') return;
        channel.close();
        resolve();
      };
    });
    made.logOut({ pending: 'discard' }).catch(() => undefined);
    await recorded;
    worker!.terminate();
    open.splice(0);
    release();
    expect(await databases()).toContain(name);
    expect(await readFirstPaint(name)).toBeNull();
    expect(await accountsAsked()).not.toContain(userId);

    const seen: unknown[] = [];
    const again = client();
    const shown = again.watchMessages('direct:bob').subscribe((list) => seen.push(list));
    shown.add(again.watchConversations().subscribe((list) => seen.push(list)));
    await again.sendMessage('direct:carol', 'new');
    await firstValueFrom(again.watchMessages('direct:carol').pipe(filter((list) => list.length > 0)));
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(await firstValueFrom(again.watchOutbox())).toMatchObject({ pending: 1 });
    expect(await deviceOf(userId)).not.toBe(device);
    shown.unsubscribe();
  });

  it('the start of another account removes the leftovers of a crashed log-out', async () => {
    const name = databaseName(url, userId);
    const made = client();
    await made.sendMessage('direct:bob', 'secret');
    await made.logOut({ pending: 'discard', keepData: true });
    await new Promise<void>((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onerror = () => reject(opening.error!);
      opening.onsuccess = () => {
        const tx = opening.result.transaction('meta', 'readwrite');
        const meta = tx.objectStore('meta');
        const head = meta.get('head');
        head.onsuccess = () => meta.put({ ...(head.result as object), ended: 'wiped' }, 'head');
        tx.oncomplete = () => {
          opening.result.close();
          resolve();
        };
      };
    });
    userId = newUser();
    await client().sendMessage('direct:bob', 'mine');
    await expect.poll(databases, { timeout: await stretched(3000) }).not.toContain(name);
    expect(await devices()).not.toContain(name);
    expect(await databases()).toContain(databaseName(url, userId));
  });

  it('with `keepData` the data stays, the service worker sends none of the data, and the next client shows the data', async () => {
    const made = client();
    await made.sendMessage('direct:bob', 'x');
    const device = await deviceOf(userId);
    await made.logOut({ pending: 'discard', keepData: true });
    expect(await databases()).toContain(databaseName(url, userId));
    expect(await accountsAsked()).not.toContain(userId);
    const again = client();
    expect(await firstValueFrom(again.watchOutbox().pipe(timeout(5000)))).toMatchObject({ pending: 0 });
    await again.sendMessage('direct:bob', 'y');
    expect(await deviceOf(userId)).toBe(device);
  });

  it('the service worker sends the outbox of a logged-in account', async () => {
    const made = client();
    await made.sendMessage('direct:bob', 'x');
    await made.close();
    expect(await accountsAsked()).toContain(userId);
  });
});
