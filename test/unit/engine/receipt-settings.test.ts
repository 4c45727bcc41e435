/**
 * Receipt settings of a device and of the account, on several devices: which receipts the sender gets, and
 * which receipts no device sends (F130).
 */
import { describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

const CHAT = 'direct:bob';
const OFF = { readReceipts: false, scope: 'account' } as const;
const ON = { readReceipts: true, scope: 'account' } as const;

const eventsOf = (tab: WorldTab): ReceiptEvent[] => {
  const events: ReceiptEvent[] = [];
  tab.watch({ of: 'events' }).subscribe(({ event }) => events.push(event));
  return events;
};

/** Alice with a phone and a laptop, and bob, who writes to her. */
const start = async () => {
  const world = createTestWorld();
  const [, bob] = await openDevice(world, 'bob');
  const [phone, phoneTab] = await openDevice(world, 'alice', 'phone');
  const [laptop, laptopTab] = await openDevice(world, 'alice', 'laptop');
  let sent = 0;
  const write = async (count: number, ...readers: readonly WorldTab[]): Promise<void> => {
    for (let i = 0; i < count; i++) await bob.say('alice', 'hello', { id: `m${++sent}` });
    for (const tab of readers) await tab.until({ of: 'conversation', conversationId: CHAT }, (chat) => chat?.latestSeq === sent);
  };
  const settle = async (...tabs: readonly WorldTab[]): Promise<void> => {
    for (const tab of tabs) await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await world.pass(2000);
  };
  return { world, bob, phone, phoneTab, laptop, laptopTab, write, settle };
};

/** Alice's receipts, as the server has told bob. */
const told = (world: TestWorld) => {
  const { read, named, delivered } = world.server.dump().members.find(({ userId }) => userId === 'alice')!;
  return { read, named, delivered };
};
const reads = (tab: WorldTab) => tab.do('sendConversationReadReceipt', CHAT, {});
const settingsOf = (tab: WorldTab) => tab.now({ of: 'receipt-settings' });

describe('receipt settings on several devices', () => {
  it('messages read on a phone without receipts get no receipt when a laptop with receipts reads on (F130)', async () => {
    const { world, bob, phoneTab, laptopTab, write, settle } = await start();
    await write(3, phoneTab, laptopTab);
    await phoneTab.do('setReceiptSettings', { readReceipts: false });
    await reads(phoneTab);
    await settle(phoneTab);
    await write(1, laptopTab);
    await reads(laptopTab);
    expect(await laptopTab.do('sendReadReceipts', CHAT, ['m2', 'm4'])).toEqual({
      queued: ['m4'],
      skipped: [{ id: 'm2', reason: 'receipts-off' }],
    });
    await settle(laptopTab);
    expect(told(world)).toMatchObject({ read: [[4, 4]], named: [[4, 4]] });
    expect(await bob.now({ of: 'receipts', messageId: 'm3' })).toMatchObject({ state: 'processing', readAt: null });
    expect(await laptopTab.now({ of: 'receipts', messageId: 'm2' })).toMatchObject({ state: 'none' });
  });

  it('a laptop that reads before the phone has synced sends its receipts: the server heard from the laptop first (F130)', async () => {
    const { world, phone, phoneTab, laptopTab, write, settle } = await start();
    await write(3, phoneTab, laptopTab);
    await phoneTab.do('setReceiptSettings', { readReceipts: false });
    goOffline(phone);
    await reads(phoneTab);
    await reads(laptopTab);
    await settle(laptopTab);
    goOnline(phone);
    await settle(phoneTab);
    expect(told(world)).toMatchObject({ read: [[1, 3]] });
  });

  it('the account’s setting holds on every device, in every tab and without a page, and survives a restart (F130)', async () => {
    const { world, phone, phoneTab, laptop, laptopTab, write, settle } = await start();
    const secondTab = await openTab(world, laptop);
    await write(3, phoneTab, laptopTab);
    await phoneTab.do('setReceiptSettings', { ...OFF, deliveryReceipts: false });
    for (const tab of [phoneTab, laptopTab, secondTab])
      await tab.until({ of: 'receipt-settings' }, ({ readReceipts, deliveryReceipts }) => !readReceipts && !deliveryReceipts);
    const before = told(world);
    expect(await secondTab.do('sendReadReceipts', CHAT, ['m1'])).toMatchObject({ queued: [] });
    await reads(secondTab);
    expect((await secondTab.now({ of: 'conversation', conversationId: CHAT }))!.unreadCount).toBe(0);
    await settle(laptopTab);
    for (const tab of [laptopTab, secondTab, phoneTab]) await tab.close();
    await write(1);
    await world.until(laptop.sync());
    await world.until(phone.sync());
    expect(told(world)).toEqual(before);
    const again = await openTab(world, laptop);
    expect(await settingsOf(again)).toEqual({
      readReceipts: false,
      deliveryReceipts: false,
      device: { readReceipts: true, deliveryReceipts: true },
      account: { readReceipts: false, deliveryReceipts: false },
    });
    await reads(again);
    await settle(again);
    expect(told(world)).toEqual(before);
  });

  it('a receipt needs both settings: “on” for the account does not overrule “off” of the device (F130)', async () => {
    const { world, phoneTab, laptopTab, write, settle } = await start();
    await write(2, phoneTab, laptopTab);
    await phoneTab.do('setReceiptSettings', { readReceipts: false });
    await laptopTab.do('setReceiptSettings', OFF);
    await settle(laptopTab);
    await laptopTab.do('setReceiptSettings', ON);
    await settle(laptopTab);
    expect(await settingsOf(phoneTab)).toMatchObject({ readReceipts: false, account: { readReceipts: true } });
    await reads(phoneTab);
    await settle(phoneTab);
    expect(told(world)).toMatchObject({ read: [], named: [] });
  });

  it('a switch of the account cancels unsent receipts of another device, and their private parts stay (F130)', async () => {
    const { world, phoneTab, laptop, laptopTab, write, settle } = await start();
    await write(3, phoneTab, laptopTab);
    goOffline(laptop);
    await reads(laptopTab);
    await laptopTab.do('sendReadReceipts', CHAT, ['m1']);
    await phoneTab.do('setReceiptSettings', OFF);
    await settle(phoneTab);
    const events = eventsOf(laptopTab);
    goOnline(laptop);
    await settle(laptopTab, phoneTab);
    expect(told(world)).toMatchObject({ read: [], named: [] });
    expect((await phoneTab.now({ of: 'conversation', conversationId: CHAT }))!.readUpTo).toBe(3);
    expect(events.filter(({ type }) => type === 'receiptsConfirmed')).toEqual([]);
    await phoneTab.do('setReceiptSettings', ON);
    await settle(phoneTab);
    await reads(phoneTab);
    await reads(laptopTab);
    expect(await laptopTab.do('sendReadReceipts', CHAT, ['m1'])).toMatchObject({ skipped: [{ reason: 'receipts-off' }] });
    await settle(phoneTab, laptopTab);
    expect(told(world)).toMatchObject({ read: [], named: [] });
  });

  it('a device offline from before the switch “off” until after the switch “on” sends no receipt for messages read meanwhile (F130)', async () => {
    const { world, phoneTab, laptop, laptopTab, write, settle } = await start();
    await write(3, phoneTab, laptopTab);
    goOffline(laptop);
    await phoneTab.do('setReceiptSettings', OFF);
    await settle(phoneTab);
    await reads(laptopTab);
    await laptopTab.do('sendReadReceipts', CHAT, ['m3']);
    await phoneTab.do('setReceiptSettings', ON);
    await settle(phoneTab);
    goOnline(laptop);
    await settle(laptopTab);
    expect(told(world)).toMatchObject({ read: [], named: [] });
    await write(1, phoneTab, laptopTab);
    await reads(phoneTab);
    await settle(phoneTab);
    expect(told(world)).toMatchObject({ read: [[4, 4]] });
  });

  it('a change made offline is in force at once, and reaches the other devices later (F130)', async () => {
    const { world, phone, phoneTab, laptopTab, write, settle } = await start();
    await write(2, phoneTab, laptopTab);
    goOffline(phone);
    await phoneTab.do('setReceiptSettings', OFF);
    expect(await settingsOf(phoneTab)).toMatchObject({ readReceipts: false, device: { readReceipts: true } });
    await reads(phoneTab);
    await phoneTab.do('setReceiptSettings', ON);
    await write(1, laptopTab);
    goOnline(phone);
    await phoneTab.until({ of: 'conversation', conversationId: CHAT }, (chat) => chat?.latestSeq === 3);
    await reads(phoneTab);
    await settle(phoneTab);
    await reads(laptopTab);
    await settle(laptopTab);
    expect(told(world)).toMatchObject({ read: [[3, 3]] });
  });

  it('a change made before the first snapshot wins over older changes unknown to this device (F112)', async () => {
    const { world, phoneTab, laptopTab, settle } = await start();
    for (const change of [OFF, ON, OFF, ON]) {
      await phoneTab.do('setReceiptSettings', change);
      await settle(phoneTab);
    }
    const tablet = world.device('alice', 'tablet');
    goOffline(tablet);
    const tab = await openTab(world, tablet);
    await tab.do('setReceiptSettings', OFF);
    goOnline(tablet);
    for (const one of [tab, phoneTab, laptopTab]) await one.until({ of: 'receipt-settings' }, ({ readReceipts }) => !readReceipts);
    await settle(tab);
    expect(world.server.dump().accounts).toMatchObject([{ userId: 'alice', readReceipts: { count: 5, value: false } }]);
  });

  it('a new device obeys the account’s setting from its first snapshot on, and after “on” sends no receipt for messages read before (F130)', async () => {
    const { world, phoneTab, write, settle } = await start();
    await write(2, phoneTab);
    await phoneTab.do('clearConversationUnreadCount', CHAT);
    await phoneTab.do('setReceiptSettings', OFF);
    await settle(phoneTab);
    const [, tablet] = await openDevice(world, 'alice', 'tablet');
    await tablet.live();
    expect(await tablet.do('sendReadReceipts', CHAT, ['m1'])).toMatchObject({ queued: [] });
    await phoneTab.do('setReceiptSettings', ON);
    await settle(phoneTab);
    const [, watch] = await openDevice(world, 'alice', 'watch');
    await watch.live();
    await write(1, watch);
    await reads(watch);
    await settle(watch);
    expect(told(world)).toMatchObject({ read: [[3, 3]] });
  });

  it('messages that arrive after delivery receipts went on again are reported as delivered, and no earlier ones (F130)', async () => {
    const { world, phoneTab, laptopTab, write, settle } = await start();
    await write(1, phoneTab, laptopTab);
    await settle(phoneTab);
    await phoneTab.do('setReceiptSettings', { deliveryReceipts: false, scope: 'account' });
    await laptopTab.until({ of: 'receipt-settings' }, ({ deliveryReceipts }) => !deliveryReceipts);
    await write(2, phoneTab, laptopTab);
    await phoneTab.do('setReceiptSettings', { deliveryReceipts: true, scope: 'account' });
    await laptopTab.until({ of: 'receipt-settings' }, ({ deliveryReceipts }) => deliveryReceipts);
    await write(1, phoneTab, laptopTab);
    await settle(phoneTab, laptopTab);
    expect(told(world).delivered).toEqual([
      [1, 1],
      [4, 4],
    ]);
  });

  it('a server without its history gets the account’s settings again (F67)', async () => {
    const { world, phoneTab, laptopTab, write, settle } = await start();
    await write(1, phoneTab, laptopTab);
    await settle(phoneTab);
    const copy = world.server.dump();
    await phoneTab.do('setReceiptSettings', OFF);
    await laptopTab.until({ of: 'receipt-settings' }, ({ readReceipts }) => !readReceipts);
    world.server.restore(copy);
    await world.pass(60_000);
    expect(world.server.dump().accounts).toMatchObject([{ readReceipts: { count: 1, value: false } }]);
    expect(await settingsOf(laptopTab)).toMatchObject({ readReceipts: false });
  });

  it('a server that lost receipts gets them again, but not once the account has switched them off: then no device sends any (F67, F130)', async () => {
    for (const isOff of [false, true]) {
      const { world, laptop, phoneTab, laptopTab, write, settle } = await start();
      await write(3, phoneTab, laptopTab);
      await settle(phoneTab, laptopTab);
      const copy = world.server.dump();
      await laptopTab.do('sendReadReceipts', CHAT, ['m2']);
      await laptopTab.do('sendConversationReadReceipt', CHAT, { upTo: 'm1' });
      await settle(laptopTab);
      goOffline(laptop);
      world.server.restore(copy);
      await world.pass(60_000);
      if (isOff) await phoneTab.do('setReceiptSettings', OFF);
      await settle(phoneTab);
      const sent = sentBy(laptop);
      goOnline(laptop);
      await world.pass(60_000);
      await settle(laptopTab);
      expect(told(world)).toMatchObject(isOff ? { read: [], named: [] } : { read: [[1, 1]], named: [[2, 2]] });
      // The private part comes back in either case.
      expect(world.server.dump().members.find(({ userId }) => userId === 'alice')).toMatchObject({ readUpTo: 1 });
      if (isOff) expect(submits([...sent.sockets, ...sent.requests]).join()).not.toMatch(/"(read|named)"/);
    }
  });
});
