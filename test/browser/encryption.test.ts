/** Encrypted texts in a real browser: what lies in IndexedDB before the switch, with encryption, and after it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ReceiptClient } from '../../src/index.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { drainAllAccounts } from '../../src/service-worker/background-sync.ts';
import { browserTaskPorts } from '../../src/service-worker/browser-task-ports.ts';
import { takePush } from '../../src/service-worker/push.ts';
import { FakeWorkerScope } from '../support/fake-worker-scope.ts';
import { Backend, until } from './backend.ts';

const SECRET = 'for two people alone';

let backend: Backend;
beforeEach(async () => {
  backend = await Backend.start(['alice', 'bob']);
});
afterEach(() => backend.stop());

/** All records of a database. */
const rawRecords = (name: string): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error!);
    opening.onsuccess = () => {
      const db = opening.result;
      const tx = db.transaction([...db.objectStoreNames]);
      const requests = [...db.objectStoreNames].map((table) => tx.objectStore(table).getAll() as IDBRequest<unknown[]>);
      tx.oncomplete = () => {
        db.close();
        resolve(requests.flatMap(({ result }) => result));
      };
    };
  });

/** Bytes as characters, so that a text among them would be found. */
const asText = (record: unknown): string =>
  JSON.stringify(record, (_, value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value));

const isInTheClear = async (name: string): Promise<boolean> => (await rawRecords(name)).some((record) => asText(record).includes(SECRET));

const untilRewritten = async (client: ReceiptClient): Promise<void> => {
  while ((await client.storage()).encryption.waiting > 0) await new Promise((resolve) => void setTimeout(resolve, 200));
};

it('no text lies in IndexedDB while encryption is on; switches lose nothing; the service worker sends and shows encrypted texts (F139)', async () => {
  const name = databaseName(backend.url, 'alice');
  const bob = await backend.live('bob');
  const plain = await backend.live('alice');
  for (let i = 0; i < 3; i++) await bob.sendMessage('direct:alice', `${SECRET} ${i}`);
  await until(plain.watchMessages('direct:bob'), (list) => list.length === 3);
  expect((await plain.storage()).encryption).toMatchObject({ on: false, waiting: 0 });
  expect(await isInTheClear(name)).toBe(true);
  await plain.close();

  const sealed = await backend.live('alice', { encryption: true });
  await untilRewritten(sealed);
  expect((await sealed.storage()).encryption).toMatchObject({ on: true, waiting: 0 });
  expect(await isInTheClear(name)).toBe(false);
  const stored = (await rawRecords(name)).find((record): record is { key: CryptoKey } => record instanceof Object && 'key' in record)!;
  expect(stored.key.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('raw', stored.key)).rejects.toBeDefined();
  await bob.sendMessage('direct:alice', `${SECRET} 3`);
  const list = await until(sealed.watchMessages('direct:bob'), (messages) => messages.length === 4);
  expect(list.map(({ body }) => body)).toEqual([0, 1, 2, 3].map((i) => `${SECRET} ${i}`));
  await backend.cut();
  await sealed.sendMessage('direct:bob', `${SECRET} unsent`, { id: 'unsent' });
  expect(await isInTheClear(name)).toBe(false);
  await sealed.close();
  await backend.heal();

  const scope = new FakeWorkerScope();
  const worker = { url: backend.url, getToken: (userId: string) => `token-of-${userId}`, log: () => undefined, scope };
  const options = { ...worker, taskPorts: browserTaskPorts(worker) };
  await drainAllAccounts(options);
  await until(bob.watchMessages('direct:alice'), (messages) => messages.some(({ body }) => body === `${SECRET} unsent`));
  const { id, seq, senderId, sentAt } = list[3]!;
  const message = { id, seq, senderId, sentAt, receiptRequested: true, countable: true };
  await takePush(JSON.stringify({ type: 'push', userId: 'alice', conversationId: 'direct:bob', message }), {
    ...options,
    notification: ({ body }) => ({ title: String(body) }),
  });
  expect(scope.calls.map(({ title }) => title)).toContain(`${SECRET} 3`);
  expect(await isInTheClear(name)).toBe(false);

  const again = await backend.live('alice', { encryption: false });
  await untilRewritten(again);
  await until(again.watchMessages('direct:bob'), (messages) => messages.length === 5);
  for (let tries = 0; !(await isInTheClear(name)); tries++) {
    expect(tries).toBeLessThan(50);
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
  await again.logOut({ pending: 'discard' });
  expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(name);
});
