/** A message is recalled while a device is offline, and many messages follow. No copy of its text stays on the device. */
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { applyMessages } from '../../../src/engine/apply/apply-messages.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import type { Draft } from '../../../src/engine/write/draft.ts';
import { endEntry } from '../../../src/engine/apply/end-entry.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const SECRET = 'what nobody is to read';
const offline = { up: false, down: false };
const online = { up: true, down: true };

const onDisk = (device: VirtualDevice): boolean =>
  [...device.disk.rows.values()].some((table) => [...table.values()].some((row) => JSON.stringify(row).includes(SECRET)));
/** From here on, every write compacts the log into pages. */
const compactsAlways = (device: VirtualDevice): void => {
  device.fault = (site) => site === 'compaction:due';
};

describe('a device offline during the recall of a message and 250 more messages', () => {
  it.each(['in the log', 'in a page'])(
    'a device deletes the text of a message, stored %s, recalled while the device was offline, and its counts are right',
    async (where) => {
      const world = createTestWorld({ seed: where });
      const [phone, laptop, hers] = [world.device('alice', 'phone'), world.device('alice', 'laptop'), world.device('ben', 'hers')];
      const alice = await world.open(phone);
      const other = await world.open(laptop);
      const ben = await world.open(hers);
      await world.until(world.server.host.createGroup({ groupId: 'g', members: [{ userId: 'alice' }, { userId: 'ben' }] }));
      await world.pass(1000);
      const send = (to: string, id: string, text: string) =>
        world.until(alice.do('sendMessage', to as `direct:${string}`, { id, body: JSON.stringify(text) }));
      if (where === 'in a page') for (const device of [laptop, hers]) compactsAlways(device);
      for (const to of ['direct:ben', 'group:g']) {
        await send(to, `${to} first`, 'first');
        await send(to, `${to} secret`, SECRET);
        await send(to, `${to} asked`, SECRET);
        await send(to, `${to} last`, 'last');
      }
      // The laptop keeps its own sent message for a while, for a server with a lost history.
      for (const to of ['direct:ben', 'group:g'] as const)
        await world.until(other.do('sendMessage', to, { id: `${to} own`, body: JSON.stringify(SECRET) }));
      await world.pass(5000);
      const history = async (tab: typeof ben, of: `direct:${string}` | `group:${string}`) => {
        const shown = await world.until(firstValueFrom(tab.watch({ of: 'messages', conversationId: of, limit: 1000 })));
        const { messages } = await world.until(tab.ask('loadOlderMessages', of, 1000));
        return [...messages, ...shown];
      };
      expect(JSON.stringify(await history(ben, 'direct:alice'))).toContain(SECRET);
      expect([onDisk(hers), onDisk(laptop)]).toEqual([true, true]);
      await world.until(ben.do('sendReadReceipts', 'direct:alice', ['direct:ben secret']));
      await world.pass(5000);

      for (const device of [laptop, hers]) device.network.set(offline);
      await world.pass(60_000);
      await world.until(ben.do('sendReadReceipts', 'direct:alice', ['direct:ben asked']));
      await world.until(ben.do('sendReadReceipts', 'group:g', ['group:g asked']));
      for (const to of ['direct:ben', 'group:g']) {
        await send(to, `${to} gone`, SECRET);
        await world.pass(1000);
        for (const name of ['secret', 'asked', 'own', 'gone']) await world.until(alice.do('recallMessage', `${to} ${name}`));
      }
      for (let i = 0; i < 250; i++) await send(i % 2 === 0 ? 'direct:ben' : 'group:g', `later-${i}`, 'later');
      await world.pass(5000);

      for (const device of [laptop, hers]) {
        compactsAlways(device);
        device.network.set(online);
      }
      await world.pass(60_000);
      expect([onDisk(hers), onDisk(laptop)]).toEqual([false, false]);
      for (const [tab, direct] of [
        [ben, 'direct:alice'],
        [other, 'direct:ben'],
      ] as const)
        for (const of of [direct, 'group:g'] as const) {
          const messages = await history(tab, of);
          expect(JSON.stringify(messages)).not.toContain(SECRET);
          const to = of === 'group:g' ? 'group:g' : 'direct:ben';
          expect(new Set(messages.filter(({ recalled }) => recalled).map(({ id }) => id))).toEqual(
            new Set(['secret', 'asked', 'own', 'gone'].map((name) => `${to} ${name}`)),
          );
        }
      for (const of of ['direct:alice', 'group:g'] as const)
        expect(await world.until(firstValueFrom(ben.watch({ of: 'unread', conversationId: of })))).toBe(2 + 125);
      expect(await world.until(firstValueFrom(ben.watch({ of: 'outbox' })))).toMatchObject({ pending: 0 });
      expect(await world.until(firstValueFrom(ben.watch({ of: 'dead-letters' })))).toEqual([]);

      // A later start of the app reads the same store.
      await world.until(ben.close());
      const again = await world.open(hers);
      expect(JSON.stringify(await history(again, 'direct:alice'))).not.toContain(SECRET);
    },
  );
});

it('an own message with a lost answer, recalled by another device, is not sent again, whether the feed or the answer reports the recall', async () => {
  for (const reportedBy of ['feed', 'answer'] as const) {
    const ports = quietPorts(createMemoryStore(new MemoryDisk()));
    const writer = await Writer.open(ports, 'alice');
    const write = (body: (draft: Draft) => unknown) =>
      writer.write('test', { durability: 'strict', readsPages: true }, async (draft) => void (await body(draft)));
    await write((draft) => sendMessage(draft, ports, 'direct:ben', { id: 'm1', body: JSON.stringify(SECRET) }));
    const [entry] = [...writer.model.outbox.values()];
    if (entry?.kind !== 'message') throw new Error('no message is pending');
    const message = { ...entry.message, seq: 1, sentAt: 5, senderId: 'alice', body: '', recalled: true };
    await write((draft) =>
      reportedBy === 'feed'
        ? applyMessages(draft, ports, 'direct:ben', [message], 'silent')
        : endEntry(draft, ports, entry, {
            key: entry.key,
            outcome: 'confirmed',
            row: null,
            message: { seq: 1, sentAt: 5, recalled: true },
          }),
    );
    expect([writer.model.outbox.size, writer.model.confirmed.all], reportedBy).toEqual([0, []]);
  }
});
