/** A device with a quota that no write may exceed, and messages to fill it. */
import { makeRoom } from '../../src/engine/space/evict-messages.ts';
import { Writer } from '../../src/engine/write/writer.ts';
import { StoreError } from '../../src/errors.ts';
import { emptyRow } from '../../src/model/conversation/conversation.ts';
import type { StorePort } from '../../src/ports/ports.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { createMemoryStore, MemoryDisk } from '../../src/store/memory-store.ts';
import { quietPorts } from './quiet-ports.ts';

export const bytesOn = (disk: MemoryDisk): number => {
  let sum = 0;
  for (const table of disk.tables.values()) for (const { record } of table.values()) sum += JSON.stringify(record).length;
  return sum;
};

/** A quota as Chromium counts it: a transaction's puts must fit beside the stored data, and a transaction of deletes always runs. */
const limited = (disk: MemoryDisk, reserveBytes: number) => {
  const inner = createMemoryStore(disk, 'durable');
  const full = { quota: Infinity, deaths: 0 };
  const die = { after: '' };
  const store: StorePort = {
    ...inner,
    reserveBytes,
    tx: async (name, tables, mode, durability, body) => {
      let put = 0;
      if (die.after !== '' && name === die.after) throw new StoreError('store/closed', 'the browser died');
      return inner.tx(name, tables, mode, durability, async (tx) => {
        const before = bytesOn(disk);
        const weighed = {
          ...tx,
          put: (...args: Parameters<typeof tx.put>) => {
            put += JSON.stringify(args[2]).length;
            tx.put(...args);
          },
          putMany: (...[table, keys, records]: Parameters<typeof tx.putMany>) => {
            keys.forEach((key, i) => weighed.put(table, key, records[i]));
          },
        };
        const result = await body(weighed);
        if (put > 0 && before + put > full.quota) throw new StoreError('store/quota-exceeded', 'no room');
        return result;
      });
    },
  };
  return { store, full, die };
};

/** Alice's device on such a disk; each `open` is a start of the app. */
export const limitedDevice = (reserveBytes = 0) => {
  const disk = new MemoryDisk();
  const { store, full, die } = limited(disk, reserveBytes);
  const open = async () => {
    const given = quietPorts(store);
    const writer = await Writer.open(given, 'alice');
    writer.makeRoom = () => makeRoom(given, writer);
    return { given, writer };
  };
  return { disk, full, die, open };
};

/** A change with the messages `from` … `upTo` of Bob, about 400 characters each. */
export const messagesOfBob = (from: number, upTo: number, cursor: string | null, readUpTo = 0): Frame<'changes'> => ({
  type: 'changes',
  from: cursor,
  to: `c${upTo}`,
  rows: [{ ...emptyRow('direct:bob'), version: upTo, latestSeq: upTo, readUpTo }],
  messages: [
    {
      conversationId: 'direct:bob',
      messages: Array.from({ length: upTo - from + 1 }, (_, i) => ({
        id: `m${from + i}`,
        seq: from + i,
        senderId: 'bob',
        sentAt: from + i,
        body: JSON.stringify(`${from + i} `.padEnd(200, '.')),
        receiptRequested: true,
        countable: true,
        recalled: false,
      })),
    },
  ],
  steps: [],
  complete: true,
});
