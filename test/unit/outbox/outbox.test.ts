import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { OutboxWorld } from '../../support/outbox-world.ts';

const place = (order: number) => ({ id: `m${order}`, order });
const ids = (count: number, from = 1) => Array.from({ length: count }, (_, i) => `m${from + i}`);

describe('receipts in front of an SDK', () => {
  it('500 offline reads in 20 conversations become 20 requests after a restart', async () => {
    const world = new OutboxWorld(1);
    world.setOnline(false);
    const { outbox, process } = world.open();
    for (let c = 0; c < 20; c++) for (const id of ids(25)) await world.time.until(outbox.read(`chat${c}`, [id]));
    process.kill();
    world.setOnline(true);
    world.open();
    await world.time.pass(10_000);
    expect(world.backend.requests.length).toBe(20);
    expect([...world.backend.messages.values()].map(({ size }) => size)).toEqual(Array(20).fill(25));
    expect([...world.records.keys()].filter((key) => key.startsWith('pending'))).toEqual([]);
  });

  it('time offline is no try: after 110 s offline, the first attempt on the new connection comes at once', async () => {
    const world = new OutboxWorld(2);
    const { outbox } = world.open();
    await world.time.pass(100);
    // The SDK says that it is connected, and each request fails.
    world.isOnline = false;
    await world.time.until(outbox.read('chat', ['m1']));
    await world.time.pass(1000);
    world.setOnline(false);
    await world.time.pass(110_000);
    const before = world.backend.requests.length;
    world.setOnline(true);
    await world.time.pass(200);
    expect(world.backend.requests.length).toBe(before + 1);
    expect(world.backend.messages.get('chat')?.size).toBe(1);
  });

  it('a backend that fails again and again is asked less and less often', async () => {
    const world = new OutboxWorld(3);
    world.answer = () => 'fails';
    const { outbox } = world.open();
    await world.time.until(outbox.readConversation('chat', { upTo: place(5) }));
    await world.time.pass(60 * 60_000);
    expect(world.backend.requests.length).toBeLessThan(60);
    expect(world.backend.requests.length).toBeGreaterThan(12);
  });

  it('a conversation that is refused for good becomes a dead letter, and the others go on', async () => {
    const world = new OutboxWorld(4);
    world.answer = ({ conversation }) => (conversation === 'closed' ? 'refuses' : 'takes');
    const { outbox } = world.open();
    for (const chat of ['closed', 'open']) await world.time.until(outbox.read(chat, ['m1'], { text: 'seen' }));
    await world.time.pass(1000);
    const [letter, ...rest] = await firstValueFrom(outbox.watchDeadLetters());
    expect(rest).toEqual([]);
    expect(letter).toMatchObject({
      code: '403',
      receipts: { conversation: 'closed', messages: [{ id: 'm1', options: { text: 'seen' } }] },
    });
    expect([...world.backend.messages.keys()]).toEqual(['open']);
    expect(await firstValueFrom(outbox.watchPending())).toEqual({ conversations: 0, messages: 0, since: null });
    await world.time.until(outbox.dismiss(letter!.id));
    expect(await firstValueFrom(outbox.watchDeadLetters())).toEqual([]);
  });

  it('what the app adds while a request is on its way is sent with the next request', async () => {
    const world = new OutboxWorld(5);
    const { outbox } = world.open();
    await world.time.pass(100);
    await world.time.until(outbox.readConversation('chat', { upTo: place(5) }));
    await world.time.pass(2);
    await world.time.until(outbox.readConversation('chat', { upTo: place(9) }));
    await world.time.until(outbox.read('chat', ['m9']));
    await world.time.pass(1000);
    expect([world.backend.readUpTo.get('chat'), [...world.backend.messages.get('chat')!]]).toEqual([9, ['m9']]);
  });

  it('a lost answer costs one more request, and no receipt', async () => {
    const world = new OutboxWorld(6);
    let lost = 0;
    world.answer = () => (lost++ === 0 ? 'loses-answer' : 'takes');
    const { outbox } = world.open();
    await world.time.until(outbox.read('chat', ids(3)));
    await world.time.pass(5000);
    expect([world.backend.requests.length, world.backend.messages.get('chat')?.size]).toEqual([2, 3]);
  });

  it('one of two tabs sends, and the other one takes over from a frozen tab', async () => {
    const world = new OutboxWorld(7);
    const first = world.open();
    await world.time.pass(100);
    const second = world.open();
    await world.time.pass(100);
    await world.time.until(second.outbox.read('chat', ['m1']));
    await world.time.pass(1000);
    expect(world.backend.requests.map(({ tab }) => tab)).toEqual(['tab1']);
    first.process.freeze();
    await world.time.until(second.outbox.read('chat', ['m2']));
    await world.time.pass(5000);
    expect(world.backend.requests.map(({ tab }) => tab)).toEqual(['tab1', 'tab2']);
    first.process.thaw();
    await world.time.until(first.outbox.read('chat', ['m3']));
    await world.time.pass(5000);
    expect([world.backend.messages.get('chat')?.size, world.backend.requests.length]).toEqual([3, 3]);
  });

  it('a tab that loses the lead while it reads the store sends nothing', async () => {
    const world = new OutboxWorld(13);
    const [holder, thief] = ['holder', 'thief'].map((name) => new VirtualProcess(world.time, name)) as [VirtualProcess, VirtualProcess];
    world.locks.steal(holder, 'tidemark-outbox:alice');
    const { outbox } = world.open();
    await world.time.pass(100);
    world.storeMs = 300;
    holder.kill();
    // The tab has written its fencing token, and reads the store.
    while (!world.records.has('fence')) await world.time.pass(0.1);
    world.locks.steal(thief, 'tidemark-outbox:alice');
    await world.time.pass(300);
    await world.time.until(outbox.read('chat', ['m1']));
    await world.time.pass(500);
    expect(world.backend.requests).toEqual([]);
    thief.kill();
    await world.time.pass(10_000);
    expect(world.backend.requests.length).toBe(1);
  });

  it('an SDK that never answers is asked again', async () => {
    const world = new OutboxWorld(8);
    let asked = 0;
    world.answer = () => (asked++ === 0 ? 'hangs' : 'takes');
    const { outbox } = world.open();
    await world.time.until(outbox.read('chat', ['m1']));
    await world.time.pass(60_000);
    expect(world.backend.requests.length).toBe(2);
    expect(await firstValueFrom(outbox.watchPending())).toMatchObject({ conversations: 0 });
  });

  it('the shown count leaves out what is pending, and does not come back when the SDK still counts it after the sending', async () => {
    const world = new OutboxWorld(9);
    world.setOnline(false);
    const { outbox } = world.open();
    await world.time.pass(100);
    expect(outbox.shown('chat', 7, 70)).toBe(7);
    await world.time.until(outbox.read('chat', ['m1', 'm2']));
    expect(outbox.shown('chat', 7, 70)).toBe(5);
    await world.time.until(outbox.readConversation('chat', { upTo: place(70) }));
    expect([outbox.shown('chat', 7, 70), outbox.shown('chat', 8, 80)]).toEqual([0, 6]);
    world.setOnline(true);
    await world.time.pass(1000);
    // The SDK's list of conversations is from before the request.
    expect([outbox.shown('chat', 7, 70), outbox.shown('chat', 1, 80)]).toEqual([0, 1]);
    await world.time.until(outbox.clear('chat'));
    expect(outbox.shown('chat', 3, 90)).toBe(0);
  });

  it('a tab shows what another tab stored during a read of the store', async () => {
    const shown: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const world = new OutboxWorld(seed);
      world.setOnline(false);
      const [first, second] = [world.open(), world.open()];
      await world.time.pass(1000);
      world.storeMs = 50;
      for (const chat of ['a', 'b', 'c']) {
        void first.outbox.readConversation(chat, { upTo: place(7) });
        await world.time.pass(20);
      }
      await world.time.pass(500);
      shown.push(...['a', 'b', 'c'].map((chat) => second.outbox.shown(chat, 3, 7)));
    }
    expect(shown).toEqual(Array(60).fill(0));
  });

  it('a thousand reads of a conversation leave a hundred at a time', async () => {
    const world = new OutboxWorld(14);
    world.setOnline(false);
    const { outbox } = world.open();
    await world.time.until(outbox.read('chat', ids(1000)));
    world.setOnline(true);
    await world.time.pass(10_000);
    expect(world.backend.requests.map(({ receipts }) => receipts.messages.length)).toEqual(Array(10).fill(100));
    expect(world.backend.messages.get('chat')?.size).toBe(1000);
  });

  it('a log-out deletes what is pending, also while a request is on its way', async () => {
    const world = new OutboxWorld(10);
    const { outbox } = world.open();
    await world.time.pass(100);
    await world.time.until(outbox.readConversation('chat', { upTo: place(1) }));
    await world.time.until(outbox.wipe());
    await world.time.pass(5000);
    expect([...world.records.keys()]).toEqual(['fence']);
  });

  it('the log tells each end of an attempt, and a store that cannot be read', async () => {
    const world = new OutboxWorld(12);
    const events: string[] = [];
    let asked = 0;
    world.answer = ({ conversation }) => (conversation === 'closed' ? 'refuses' : asked++ === 0 ? 'fails' : 'takes');
    world.storeTrouble = 1;
    const { outbox } = world.open({ log: (_level, event) => void events.push(event) });
    await world.time.pass(1000);
    world.storeTrouble = 0;
    for (const chat of ['closed', 'open']) await world.time.until(outbox.read(chat, ['m1']));
    await world.time.pass(20_000);
    expect([...new Set(events)].sort()).toEqual(['outbox-delayed', 'outbox-refused', 'outbox-sent', 'outbox-unread']);
  });

  it('wrong arguments are refused by name, and a closed outbox takes no call', async () => {
    const world = new OutboxWorld(11);
    const { outbox } = world.open();
    const code = { code: 'usage/invalid-argument' };
    await expect(outbox.read('', ['m1'])).rejects.toMatchObject(code);
    await expect(outbox.read('chat', [])).rejects.toMatchObject(code);
    await expect(outbox.read('chat', [''])).rejects.toMatchObject(code);
    await expect(outbox.read('chat', ['m1'], () => undefined)).rejects.toMatchObject(code);
    await expect(outbox.readConversation('chat', { upTo: { id: 'm1', order: NaN } })).rejects.toMatchObject(code);
    outbox.close();
    await expect(outbox.read('chat', ['m1'])).rejects.toMatchObject({ code: 'usage/closed' });
    await expect(outbox.flush()).rejects.toMatchObject({ code: 'usage/closed' });
  });
});
