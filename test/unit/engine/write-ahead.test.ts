import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { browserClock } from '../../../src/platform/browser-ports.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { applyChanges, applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { FencedError } from '../../../src/engine/write/log-header.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import type { StorePort, StoreTx } from '../../../src/ports/ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory-store.ts';
import { TABLES } from '../../../src/log/tables.ts';
import { messagesOfBob } from '../../support/limited-disk.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

type Given = ReturnType<typeof quietPorts>;

/** Opens tabs on a single device with this many stored messages of bob. The bus is silent, so no tab gets a hint of another. */
const device = async (open: () => Promise<StorePort>, count: number) => {
  const tab = async (store?: StorePort) => {
    const given = quietPorts(store ?? (await open()));
    const writer = await Writer.open(given, 'alice');
    // The writer has seen no write of another tab. From here on the writer decides before the store returns the log
    // header.
    await writer.refresh();
    return { given, writer };
  };
  const first = await tab();
  await first.writer.write('snapshot', STRICT, (draft) => applySnapshot(draft, first.given, [messagesOfBob(1, count, null)], false));
  return tab;
};

const confirmRead = (given: Given, writer: Writer, ...names: string[]) =>
  writer.write('read', { ...STRICT, lookup: { conversationId: 'direct:bob', ids: names } }, (draft) =>
    sendReadReceipts(draft, given, 'direct:bob', names),
  );

const everything = (store: StorePort) =>
  store.tx('look', TABLES, 'readonly', 'relaxed', async (tx) => [
    await tx.get('meta', 'head'),
    await tx.range('log', { from: 0, upTo: Number.MAX_SAFE_INTEGER }),
  ]);

const pendingReceipts = async (writer: Writer) => {
  await writer.refresh();
  return writer.model.get('direct:bob')!.pendingReceipts;
};

let databases = 0;
const devices: [string, () => () => Promise<StorePort>][] = [
  [
    'memory',
    () => {
      const disk = new MemoryDisk();
      return async () => createMemoryStore(disk);
    },
  ],
  [
    'IndexedDB',
    () => {
      const name = `write-ahead-${++databases}`;
      return () => openDiskStore(name, { clock: browserClock });
    },
  ],
];

describe.each(devices)('deciding before the log header is read, over %s', (_name, onNewDisk) => {
  it('the writer decides before it reads the log header while no other tab writes, and after the log header once another tab has written', async () => {
    const tab = await device(onNewDisk(), 5);
    const order: string[] = [];
    const { given: plain } = await tab();
    const watched: StorePort = {
      ...plain.store,
      tx: (name, tables, mode, durability, body) =>
        plain.store.tx(name, tables, mode, durability, (tx) => {
          const noted: StoreTx = {
            ...tx,
            async get(table, key) {
              const record = await tx.get(table, key);
              if (mode !== 'readwrite' || key !== 'head') return record;
              // Memory answers at once, so the test delays the answer as a disk would.
              for (let i = 0; i < 20; i++) await Promise.resolve();
              order.push('head');
              return record;
            },
          };
          return body(noted);
        }),
    };
    const { writer } = await tab(watched);
    const write = () => writer.write('note', STRICT, (draft) => void (order.push('decided'), draft.change({ t: 'heard', upTo: 1 })));
    await write();
    expect(order.splice(0)).toEqual(['decided', 'head']);

    const other = await tab();
    await other.writer.write('note', STRICT, (draft) => draft.change({ t: 'heard', upTo: 2 }));
    await write();
    expect(order.splice(0)).toEqual(['decided', 'head', 'head', 'decided']);
    await write();
    expect(order.splice(0)).toEqual(['head', 'decided']);
    await write();
    expect(order.splice(0)).toEqual(['decided', 'head']);
    expect(writer.model.version).toBe(6);
  });

  it('two tabs that write alternately and at once lose no write, and agree in the end', async () => {
    const tab = await device(onNewDisk(), 60);
    const tabs = [await tab(), await tab()];
    for (let round = 0; round < 10; round++) {
      const asked = tabs.flatMap(({ given, writer }, i) =>
        Array.from({ length: 3 }, (_, n) => confirmRead(given, writer, `m${round * 6 + i * 3 + n + 1}`)),
      );
      // In every other round the tabs write in turn: the second tab finds an unexpected header.
      if (round % 2 === 0) await Promise.all(asked.slice(0, 3));
      for (const { queued } of await Promise.all(asked)) expect(queued).toHaveLength(1);
    }
    const [a, b] = await Promise.all(tabs.map(({ writer }) => pendingReceipts(writer)));
    expect(a).toMatchObject({ named: [[1, 60]] });
    expect(b).toEqual(a);
    expect(await pendingReceipts((await tab()).writer)).toEqual(a);
  });

  it('the writer accepts a call if another tab’s write makes the call valid', async () => {
    const tab = await device(onNewDisk(), 2);
    const [a, b] = [await tab(), await tab()];
    await b.writer.write('apply', STRICT, (draft) => applyChanges(draft, b.given, messagesOfBob(3, 4, 'c2'), 'live'));
    const clear = (upTo: string) =>
      a.writer.write('clear', STRICT, (draft) => clearConversationUnreadCount(draft, a.given, 'direct:bob', upTo));
    const [known, unknown] = await Promise.allSettled([clear('m4'), clear('m5')]);
    expect(known.status).toBe('fulfilled');
    expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'usage/unknown-message' } });
    expect(pickTotal(a.writer.model.totals)).toBe(0);
    expect(await pendingReceipts(b.writer)).toMatchObject({ position: 4 });
  });

  it('the writer answers a call as done if another tab has already done the same', async () => {
    const tab = await device(onNewDisk(), 2);
    const [a, b] = [await tab(), await tab()];
    await confirmRead(b.given, b.writer, 'm1');
    expect(await confirmRead(a.given, a.writer, 'm1')).toEqual({ queued: [], skipped: [{ id: 'm1', reason: 'already-acked' }] });
  });

  it('I-19: a replaced leader without knowledge of its replacement changes nothing', async () => {
    const tab = await device(onNewDisk(), 1);
    const [old, young] = [await tab(), await tab()];
    const fence = await old.writer.takeFence();
    const next = await young.writer.takeFence();
    const before = await everything(young.given.store);
    const apply = ({ given, writer }: typeof old, as: number) =>
      writer.write('apply', { durability: 'relaxed', fence: as }, (draft) => applyChanges(draft, given, messagesOfBob(2, 5, 'c1'), 'live'));
    await expect(apply(old, fence)).rejects.toBeInstanceOf(FencedError);
    expect(await everything(young.given.store)).toEqual(before);
    expect(pickTotal(old.writer.model.totals)).toBe(1);
    expect(await apply(young, next)).toBe('applied');
  });

  it('the writer keeps the compaction of another tab', async () => {
    const tab = await device(onNewDisk(), 3);
    const [a, b] = [await tab(), await tab()];
    await b.writer.compactLog();
    const [head] = await everything(b.given.store);
    expect(head).toMatchObject({ version: 1, compactedUpTo: 1 });
    expect(await confirmRead(a.given, a.writer, 'm2')).toMatchObject({ queued: ['m2'] });
    expect((await everything(b.given.store))[0]).toEqual({ ...(head as object), version: 2 });
    expect(a.writer.model.unflushedCount).toBe(0);
    expect(await pendingReceipts((await tab()).writer)).toMatchObject({ named: [[2, 2]], namedIds: [] });
    expect(pickTotal((await tab()).writer.model.totals)).toBe(3);
  });
});
