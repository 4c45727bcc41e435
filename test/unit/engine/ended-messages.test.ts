/** Messages that the server keeps no longer leave the device too, and every device shows the same. */
import { describe, expect, it } from 'vitest';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { applyMessages } from '../../../src/engine/apply/apply-messages.ts';
import { settledOf } from '../../../src/engine/queries/settled-messages.ts';
import { readShownMessages } from '../../../src/engine/views/messages.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { StoredMessage } from '../../../src/model/message/message.ts';
import { size } from '../../../src/model/registers/ranges.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, type WorldTab } from '../../support/on-tab.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

const message = (seq: number): StoredMessage => ({
  id: `m${seq}`,
  seq,
  senderId: 'bob',
  sentAt: 1_700_000_000_000 + seq,
  body: `"body ${seq}."`,
  receiptRequested: true,
  countable: true,
  recalled: false,
});
const frame = (cursor: string | null, to: string, firstSeq: number, latestSeq: number, messages: StoredMessage[]): Frame<'changes'> => ({
  type: 'changes',
  from: cursor,
  to,
  rows: [{ ...emptyRow('direct:bob'), version: Number(to.slice(1)), latestSeq, firstSeq, lastMessage: messages.at(-1) ?? null }],
  messages: [{ conversationId: 'direct:bob', messages }],
  steps: [],
  complete: true,
});
const bodiesOn = (disk: MemoryDisk): number[] => {
  const pages = [...(disk.tables.get('pages')?.values() ?? [])];
  return [...new Set([...JSON.stringify(pages).matchAll(/body (\d+)\./g)].map(([, seq]) => Number(seq)))].sort((a, b) => a - b);
};

describe('a row with a higher firstSeq', () => {
  const filled = async (count: number) => {
    const disk = new MemoryDisk();
    const ports = quietPorts(createMemoryStore(disk));
    const writer = await Writer.open(ports, 'alice');
    const all = Array.from({ length: count }, (_, i) => message(i + 1));
    await writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, ports, [frame(null, 'c1', 1, count, all)], false));
    const ends = (firstSeq: number) =>
      writer.write('ended', STRICT, (draft) => applyChanges(draft, ports, frame('c1', 'c2', firstSeq, count, []), 'live'));
    const shown = async () => (await readShownMessages(writer, 'direct:bob', 1000)).map(({ seq }) => seq);
    return { disk, ports, writer, ends, shown, conversation: () => writer.model.get('direct:bob')! };
  };

  it('takes the messages below it out of the state, the pages, the count and the list (F135)', async () => {
    const { disk, writer, ends, shown, conversation } = await filled(300);
    await writer.compactLog();
    expect([bodiesOn(disk).length, conversation().unread.unreadCount]).toEqual([300, 300]);
    await ends(202);
    const kept = Array.from({ length: 99 }, (_, i) => 202 + i);
    expect([bodiesOn(disk), await shown(), size(conversation().storedSeqs)]).toEqual([kept, kept, 99]);
    expect(conversation().unread).toEqual({ unreadCount: 99, exact: true });
    const ref = { conversationId: 'direct:bob', seq: 201 } as const;
    expect(await settledOf(writer, [ref, { ...ref, seq: 202 }])).toEqual([true, false]);
  });

  it('takes messages out that are in no page yet, and no page gets them later, also after a start (F135)', async () => {
    const { disk, writer, ends, shown, conversation } = await filled(10);
    await ends(8);
    expect(await shown()).toEqual([8, 9, 10]);
    await ends(11);
    await writer.compactLog();
    expect(bodiesOn(disk)).toEqual([8, 9, 10]);
    expect(conversation().row.lastMessage).toMatchObject({ seq: 10 });
    const again = await Writer.open(quietPorts(createMemoryStore(disk)), 'alice');
    expect(again.model.get('direct:bob')!.storedSeqs).toEqual([[8, 10]]);
    expect(again.model.get('direct:bob')!.unflushed.size).toBe(0);
  });

  it('leaves a conversation without a message, if all have ended, and late messages stay away', async () => {
    const { ports, writer, ends, shown, conversation } = await filled(5);
    await ends(6);
    const { row, newest, unread } = conversation();
    expect([row.lastMessage, newest, unread, await shown()]).toEqual([null, null, { unreadCount: 0, exact: true }, []]);
    const events = writer.model.events.length;
    await writer.write('late', STRICT, (draft) => applyMessages(draft, ports, 'direct:bob', [message(3)], 'fetched'));
    expect([conversation().storedSeqs, conversation().newest, writer.model.events.length]).toEqual([[], null, events]);
  });
});

describe('a device and the retention of its server', () => {
  const start = async () => {
    const world = createTestWorld();
    const [annsPhone, ann] = await openDevice(world, 'ann', 'phone');
    const [bensPhone, ben] = await openDevice(world, 'ben', 'phone');
    for (let i = 1; i <= 5; i++) await ann.say('ben', `text ${i}`, { id: `a${i}` });
    await ben.until({ of: 'messages', conversationId: 'direct:ann', limit: 9 }, (list) => list.length === 5);
    await world.pass(3000);
    return { world, annsPhone, ann, bensPhone, ben };
  };
  const keep = async (world: TestWorld, messagesPerConversation: number): Promise<void> => {
    await world.server.host.setPolicy({ retention: { messagesPerConversation } });
    await world.pass(2000);
  };
  const idsOf = async (tab: WorldTab, peer: string): Promise<string[]> =>
    (await tab.now({ of: 'messages', conversationId: `direct:${peer}`, limit: 9 })).map(({ id }) => id);

  it('ends messages at once on connected devices, and all devices show the same count', async () => {
    const { world, ann, ben } = await start();
    const [, second] = await openDevice(world, 'ben', 'tablet');
    await keep(world, 2);
    for (const tab of [ben, second]) expect([await idsOf(tab, 'ann'), await tab.now({ of: 'total-unread' })]).toEqual([['a4', 'a5'], 2]);
    expect(await idsOf(ann, 'ben')).toEqual(['a4', 'a5']);
    expect(await ben.now({ of: 'receipts', messageId: 'a1' })).toBeNull();
    const loaded = await ben.ask('loadMessages', 'direct:ann', { before: 4, limit: 5 });
    expect(loaded).toEqual({ messages: [], complete: true });
    await expect(ben.ask('loadMessages', 'direct:ann', { around: 'a1', limit: 5 })).rejects.toMatchObject({
      code: 'usage/unknown-message',
    });
  });

  it('a device that was offline during the sweep sends its receipts for ended messages, and nothing is stuck or dead (F137)', async () => {
    const { world, bensPhone, ben, ann } = await start();
    goOffline(bensPhone);
    await ben.do('sendReadReceipts', 'direct:ann', ['a1', 'a5'], {});
    await ben.do('sendConversationReadReceipt', 'direct:ann', { upTo: 'a3' });
    await ben.do('sendMessage', 'direct:ann', { body: '"back"', id: 'b1' });
    await keep(world, 1);
    goOnline(bensPhone);
    await ben.live();
    await world.pass(5000);
    expect(await ben.now({ of: 'outbox' })).toMatchObject({ pending: 0 });
    expect(await ben.now({ of: 'dead-letters' })).toEqual([]);
    expect([await idsOf(ben, 'ann'), await ben.now({ of: 'total-unread' })]).toEqual([['a5', 'b1'], 1]);
    expect(await idsOf(ann, 'ben')).toEqual(['a5', 'b1']);
  });

  it('a message whose answer was lost, and that ended meanwhile, is sent again and stays one message (F136)', async () => {
    const { world, bensPhone, ben, ann } = await start();
    // The line breaks between the commit of the message and its answer.
    world.server.committed = () => goOffline(bensPhone);
    await ben.do('sendMessage', 'direct:ann', { body: '"once"', id: 'b1' });
    await ann.until({ of: 'messages', conversationId: 'direct:ben', limit: 9 }, (list) => list.some(({ id }) => id === 'b1'));
    world.server.committed = () => undefined;
    await ann.say('ben', 'text 6', { id: 'a6' });
    await world.pass(1000);
    await keep(world, 1);
    expect(await idsOf(ann, 'ben')).toEqual(['a6']);
    expect(await ben.now({ of: 'outbox' })).toMatchObject({ pending: 1 });
    goOnline(bensPhone);
    await ben.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await ben.live();
    await world.pass(3000);
    expect([await idsOf(ben, 'ann'), await idsOf(ann, 'ben'), await ben.now({ of: 'dead-letters' })]).toEqual([['a6'], ['a6'], []]);
  });
});
