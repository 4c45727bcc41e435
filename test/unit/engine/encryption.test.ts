/** A device with encrypted texts, from the first message to the loss of its key. */
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../../src/testing/virtual-tab.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';

const SECRET = 'a text for two people';
const offline = { up: false, down: false };
const online = { up: true, down: true };

const isInTheClear = (device: VirtualDevice, text = SECRET): boolean =>
  [...device.disk.rows.values()].some((table) => [...table.values()].some((row) => JSON.stringify(row).includes(text)));
const compactsAlways = (device: VirtualDevice): void => {
  device.fault = (site) => site === 'compaction:due';
};

const bodies = async (
  world: TestWorld,
  tab: VirtualTab,
  conversationId: `direct:${string}` | `group:${string}`,
  count = 1,
): Promise<unknown[]> => {
  const shown = await world.until(tab.watch({ of: 'messages', conversationId, limit: 100 }), (messages) => messages.length >= count);
  return shown.map(({ body }) => body);
};

const twoPeople = async (seed: string) => {
  const world = createTestWorld({ seed });
  const [phone, hers] = [world.device('alice', 'phone'), world.device('ben', 'hers')];
  phone.encryption.on = true;
  const [alice, ben] = [await world.open(phone), await world.open(hers)];
  await world.until(world.server.host.createGroup({ groupId: 'g', members: [{ userId: 'alice' }, { userId: 'ben' }] }));
  await world.pass(1000);
  const say = (tab: VirtualTab, to: `direct:${string}` | `group:${string}`, id: string, requestReceipt = false) =>
    world.until(tab.do('sendMessage', to, { id, body: JSON.stringify(`${SECRET} ${id}`), requestReceipt }));
  return { world, phone, hers, alice, ben, say };
};

describe('a device with encrypted texts', () => {
  it.each(['in the log', 'in pages'])(
    'stores no text of a message or receipt in the clear, %s, and shows all of them, also after a restart and to the service worker (F139)',
    async (where) => {
      const { world, phone, alice, ben, say } = await twoPeople(where);
      if (where === 'in pages') compactsAlways(phone);
      for (let i = 0; i < 5; i++) await say(ben, 'direct:alice', `ben ${i}`);
      await say(ben, 'group:g', 'asked', true);
      await world.pass(5000);
      phone.network.set(offline);
      await say(alice, 'direct:ben', 'offline');
      await world.until(alice.do('sendReadReceipts', 'group:g', ['asked'], { content: `${SECRET} ack` }));
      expect(isInTheClear(phone)).toBe(false);
      expect(isInTheClear(phone, 'direct:ben')).toBe(true);
      phone.killAll();
      phone.network.set(online);
      await world.until(phone.sync());
      // The confirmation may be here before the message is there.
      await world.pass(1000);
      expect(await bodies(world, ben, 'direct:alice')).toContain(`${SECRET} offline`);
      const again = await world.open(phone);
      await world.pass(5000);
      expect(await bodies(world, again, 'direct:ben')).toEqual(
        [0, 1, 2, 3, 4].map((i) => `${SECRET} ben ${i}`).concat(`${SECRET} offline`),
      );
      expect(isInTheClear(phone)).toBe(false);
    },
  );

  it('is switched on and off over a stored chat and an unsent message, and loses nothing (F139)', async () => {
    const { world, phone, alice, ben, say } = await twoPeople('switch');
    await say(ben, 'direct:alice', 'first');
    await world.pass(1000);
    phone.network.set(offline);
    await say(alice, 'direct:ben', 'unsent');
    for (const encryption of [false, true, false, true]) {
      phone.killAll();
      phone.encryption.on = encryption;
      const tab = await world.open(phone);
      expect((await world.until(tab.ask('storage'))).encryption).toMatchObject({ on: encryption });
      await world.pass(10_000);
      expect((await world.until(tab.ask('storage'))).encryption.waiting).toBe(0);
      expect(isInTheClear(phone)).toBe(!encryption);
      expect(await bodies(world, tab, 'direct:ben')).toEqual([`${SECRET} first`, `${SECRET} unsent`]);
    }
    phone.network.set(online);
    await world.pass(10_000);
    expect(await bodies(world, ben, 'direct:alice')).toEqual([`${SECRET} first`, `${SECRET} unsent`]);
  });

  it('loses its key at a log-out before anything else is deleted (F139)', async () => {
    const { world, phone, alice, ben, say } = await twoPeople('log-out');
    await say(ben, 'direct:alice', 'first');
    await world.pass(1000);
    phone.fault = (site) => {
      if (site === 'log-out:recorded') throw new Error('the device dies here');
      return undefined;
    };
    await world.until(alice.logOut({ pending: 'discard', timeoutMs: 0, keepData: false }).catch(() => undefined));
    expect(phone.disk.rows.get('log')!.size).toBeGreaterThan(0);
    expect(phone.disk.get('meta', 'cipher')).toBeUndefined();
  });

  it.each(['a tab', 'a client'])(
    'after a page died in its log-out, %s encrypts with a key that the new store keeps (F139)',
    async (start) => {
      const { world, phone, alice, ben } = await twoPeople(`wipe ${start}`);
      phone.fault = (site) => {
        if (site === 'log-out:recorded') throw new Error('the page dies here');
        return undefined;
      };
      await world.until(alice.logOut({ pending: 'discard', timeoutMs: 0, keepData: false }).catch(() => undefined));
      phone.killAll();
      phone.network.set(offline);
      const text = `${SECRET} unsent`;
      if (start === 'a client') await world.until(phone.client().sendMessage('direct:ben', text));
      else await world.until((await world.open(phone)).do('sendMessage', 'direct:ben', { id: 'm', body: JSON.stringify(text) }));
      expect(isInTheClear(phone)).toBe(false);
      phone.killAll();
      phone.network.set(online);
      await world.open(phone);
      await world.pass(5000);
      expect(await bodies(world, ben, 'direct:alice')).toEqual([text]);
    },
  );
});

describe('an account that starts after an interrupted log-out', () => {
  it.each(['openTab', 'client'] as const)('keeps the key of its texts on the device, opened by %s (F139)', async (how) => {
    const { world, phone, alice } = await twoPeople(`again by ${how}`);
    phone.fault = (site, process) => void (site === 'log-out:recorded' && process.kill());
    await world.until(Promise.race([alice.logOut({ pending: 'discard', timeoutMs: 0, keepData: false }), world.pass(5000)]));
    phone.network.set(offline);
    const sent = { id: 'after', body: JSON.stringify(SECRET), requestReceipt: false };
    if (how === 'openTab') await world.until((await world.open(phone)).do('sendMessage', 'direct:ben', sent));
    else await world.until(phone.client().sendMessage('direct:ben', SECRET));
    phone.killAll();
    expect(await bodies(world, await world.open(phone), 'direct:ben')).toEqual([SECRET]);
  });
});

/** The browser deletes the key, or a restored profile comes without it. */
const loseKey = async (world: TestWorld, device: VirtualDevice): Promise<void> => {
  device.killAll();
  const process = new VirtualProcess(world.time, `${device.name} loses its key`);
  const store = await world.until(device.disk.open(process));
  await world.until(store.tx('lose-key', ['meta'], 'readwrite', 'strict', async (tx) => tx.delete('meta', 'cipher')));
  process.kill();
};

describe('a device whose key is gone', () => {
  it('shows a message once that the server had taken, although its answer and its text were lost (F139)', async () => {
    const { world, phone, alice, ben, say } = await twoPeople('taken');
    phone.network.set({ down: false });
    await say(alice, 'direct:ben', 'taken');
    expect(await bodies(world, ben, 'direct:alice')).toEqual([`${SECRET} taken`]);
    await loseKey(world, phone);
    const tab = await world.open(phone);
    expect(await world.until(tab.watch({ of: 'dead-letters' }))).toHaveLength(1);
    phone.network.set(online);
    await world.pass(10_000);
    expect(await bodies(world, tab, 'direct:ben')).toEqual([`${SECRET} taken`]);
    expect(await world.until(tab.watch({ of: 'dead-letters' }))).toEqual([]);
  });

  it.each(['in the log', 'in pages'])(
    'with its texts %s, it fetches the messages again, keeps counts and pending receipts, and makes dead letters of unsent texts (F139)',
    async (where) => {
      const { world, phone, alice, ben, say } = await twoPeople(`lost ${where}`);
      if (where === 'in pages') compactsAlways(phone);
      for (let i = 0; i < 5; i++) await say(ben, 'direct:alice', `ben ${i}`, true);
      await say(ben, 'group:g', 'asked', true);
      await world.pass(5000);
      phone.network.set(offline);
      await say(alice, 'direct:ben', 'unsent');
      await world.until(alice.do('sendReadReceipts', 'group:g', ['asked'], { content: `${SECRET} ack` }));
      await world.until(alice.do('sendReadReceipts', 'direct:ben', ['ben 1']));
      await loseKey(world, phone);
      const logged: string[] = [];
      phone.log = (_level, event) => void logged.push(event);
      const tab = await world.open(phone);
      const letters = await world.until(tab.watch({ of: 'dead-letters' }), (list) => list.length === 2);
      expect(letters.map(({ kind, code, messageIds }) => [kind, code, messageIds])).toEqual([
        ['message', 'store/unreadable', ['unsent']],
        ['receipts', 'store/unreadable', ['asked']],
      ]);
      await expect(world.until(tab.do('retryDeadLetter', letters[0]!.id, {}))).rejects.toMatchObject({ code: 'usage/invalid-argument' });
      expect(logged).toContain('texts-lost');
      phone.network.set(online);
      await world.pass(10_000);
      const shown = await bodies(world, tab, 'direct:ben', 6);
      expect(shown.filter((body) => body !== null)).toEqual([0, 1, 2, 3, 4].map((i) => `${SECRET} ben ${i}`));
      const list = await firstValueFrom(tab.watch({ of: 'conversations', limit: 10 }));
      expect(JSON.stringify(list)).toContain(`${SECRET} ben 4`);
      const receipts = await world.until(ben.ask('fetchReceipts', ['ben 1']));
      expect(receipts[0]?.ackedAt).not.toBeNull();
      expect(isInTheClear(phone)).toBe(false);
      phone.killAll();
      const again = await world.open(phone);
      await world.pass(1000);
      expect(await world.until(again.watch({ of: 'dead-letters' }))).toHaveLength(2);
    },
  );

  it('keeps one unsent entry of a chat, and an archive from before the loss falls with a message that came after it (F139)', async () => {
    const { world, phone, alice, ben, say } = await twoPeople('lost, archived');
    await say(ben, 'group:g', 'asked', true);
    await world.pass(5000);
    // The receipt is sent, and the answer does not come.
    phone.network.set({ up: true, down: false });
    await world.until(alice.do('sendReadReceipts', 'group:g', ['asked'], { content: SECRET }));
    await world.pass(2000);
    phone.network.set(offline);
    await world.until(alice.do('setArchived', 'group:g', true));
    await say(ben, 'group:g', 'later');
    await loseKey(world, phone);
    const tab = await world.open(phone);
    await world.until(tab.watch({ of: 'dead-letters' }), (list) => list.length === 1);
    await world.until(tab.do('clearConversationUnreadCount', 'group:g'));
    // The receipt without its text, and one entry with the archive and the position.
    expect(await world.until(tab.watch({ of: 'outbox' }))).toMatchObject({ pending: 2 });
    phone.network.set(online);
    await world.pass(10_000);
    expect(await world.until(tab.watch({ of: 'conversation', conversationId: 'group:g' }))).toMatchObject({ archived: false });
  });

  /** The row of the chat and its newest message are in the clear, and its page of messages is sealed with a key that is gone. */
  const withSealedPage = async (seed: string, encryption: boolean) => {
    const { world, phone, ben, say } = await twoPeople(seed);
    compactsAlways(phone);
    for (let i = 0; i < 5; i++) await say(ben, 'direct:alice', `ben ${i}`);
    await world.pass(5000);
    // This page compacts the log once more, and dies before it rewrites the page of messages.
    phone.killAll();
    phone.encryption.on = false;
    const off = await world.open(phone);
    await world.until(off.do('setMuted', 'direct:ben', true));
    await world.pass(1000);
    await loseKey(world, phone);
    phone.encryption.on = encryption;
    const texts = [0, 1, 2, 3, 4].map((i) => `${SECRET} ben ${i}`);
    return { world, ben, say, texts, tab: await world.open(phone) };
  };

  describe.each([true, false])('and whose pages encrypt: %s', (encryption) => {
    it('shows the messages of a sealed log again, although the newest message is in the clear (F139)', async () => {
      const { world, phone, ben, say } = await twoPeople(`log ${encryption}`);
      for (let i = 0; i < 3; i++) await say(ben, 'direct:alice', `ben ${i}`);
      await world.pass(5000);
      phone.killAll();
      phone.encryption.on = false;
      await world.open(phone);
      await say(ben, 'direct:alice', 'ben 3');
      await world.pass(1000);
      await loseKey(world, phone);
      phone.encryption.on = encryption;
      const tab = await world.open(phone);
      expect(await bodies(world, tab, 'direct:ben', 4)).toEqual([0, 1, 2, 3].map((i) => `${SECRET} ben ${i}`));
    });

    it('loads the messages of a sealed page again, although all else is in the clear (F139)', async () => {
      const { world, texts, tab } = await withSealedPage(`load ${encryption}`, encryption);
      const { messages, complete } = await world.until(tab.ask('loadMessages', 'direct:ben', { after: 0, limit: 10 }));
      expect([messages.map(({ body }) => body), complete]).toEqual([texts, true]);
    });

    it('shows the messages of a sealed page again, although all else is in the clear (F139)', async () => {
      const { world, texts, tab } = await withSealedPage(`show ${encryption}`, encryption);
      expect(await bodies(world, tab, 'direct:ben', 5)).toEqual(texts);
    });

    it('shows the messages of a sealed page again that a compaction has replaced by a new message (F139)', async () => {
      const { world, ben, say, texts, tab } = await withSealedPage(`replace ${encryption}`, encryption);
      await say(ben, 'direct:alice', 'new');
      await world.pass(5000);
      expect(await bodies(world, tab, 'direct:ben', 6)).toEqual([...texts, `${SECRET} new`]);
    });
  });
});
