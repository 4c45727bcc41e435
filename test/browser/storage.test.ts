/** The stored data of this device, through the page's client, in a real worker and a real IndexedDB. */
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, Backend, until } from './backend.ts';

describe('the stored data of a real browser', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.start();
  });
  afterEach(() => backend.stop());

  it('storage() counts the stored data of the account, dropCachedMessages() removes the messages only, and asOf outlives the page', async () => {
    const bob = await backend.live('bob');
    let alice = await backend.live('alice');
    expect((await firstValueFrom(alice.watchConnection())).asOf).toBeGreaterThan(1_700_000_000_000);
    for (let n = 1; n <= 60; n++) await bob.sendMessage('direct:alice', `${'text '.repeat(100)}${n}`);
    await bob.flush();
    await until(alice.watchUnreadCount('direct:bob'), (count) => count === 60);
    await until(alice.watchMessages('direct:bob', { limit: 100 }), ({ length }) => length === 60);
    const full = await alice.storage();
    expect(full).toMatchObject({ messages: 60 });
    expect(full.bytes).toBeGreaterThan(30_000);
    // A browser without an estimate (WebKit on Linux) tells no quota.
    if (full.quota !== null) expect(full.quota).toBeGreaterThan(full.bytes);
    expect([true, false, null]).toContain(full.persisted);
    await backend.cut();
    await until(alice.watchConnection(), ({ state }) => state === 'offline');
    await alice.sendMessage('direct:bob', 'queued');
    const list = await firstValueFrom(alice.watchConversations());
    await alice.dropCachedMessages();
    const left = await alice.storage();
    expect(left.messages).toBe(1);
    expect(left.bytes).toBeLessThan(full.bytes / 2);
    expect(await firstValueFrom(alice.watchConversations())).toEqual(list);
    expect(await until(alice.watchMessages('direct:bob', { limit: 100 }), ({ length }) => length === 2)).toMatchObject([
      { seq: 60 },
      { body: 'queued', status: 'pending' },
    ]);
    const { asOf } = await firstValueFrom(alice.watchConnection());
    await alice.close();
    alice = backend.client('alice');
    expect(await until(alice.watchConnection(), (status) => status.asOf !== null)).toMatchObject({ asOf });
    await backend.heal();
    expect(await until(alice.watchMessages('direct:bob', { limit: 100 }), ({ length }) => length > 50)).toBeTruthy();
    expect(await firstValueFrom(alice.watchUnreadCount('direct:bob'))).toBe(60);
    const { onSqlite, levelDb, sqlite } = await ask('stores', {});
    expect([levelDb.length, sqlite.length > 0]).toEqual([0, onSqlite]);
  });
});
