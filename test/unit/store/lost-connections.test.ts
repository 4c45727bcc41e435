/** IndexedDB fails in every way seen in browsers. Every confirmed write is stored, once. */
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { applySnapshot } from '../../../src/engine/apply/apply-changes.ts';
import { sendReadReceipts } from '../../../src/engine/intents/send-read-receipts.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { ClockPort } from '../../../src/ports/ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import { FaultyIdb, type IdbFault, WEBKIT } from '../../support/faulty-idb.ts';
import { TestClock } from '../../support/test-clock.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
let databases = 0;

/** Waits of up to a second end at once. */
const hurriedClock = (): ClockPort => ({
  wall: () => 0,
  mono: () => performance.now(),
  timer: (ms, fn) => {
    const handle = setTimeout(fn, ms > 1000 ? ms : 0);
    return () => clearTimeout(handle);
  },
});

const device = async (clock: ClockPort = hurriedClock()) => {
  const name = `lost-${++databases}`;
  const idb = new FaultyIdb(indexedDB);
  const tab = async () => {
    const store = await openDiskStore(name, { factory: idb.factory, clock });
    const given = quietPorts(store);
    const writer = await Writer.open(given, 'alice');
    await writer.refresh();
    return { store, given, writer };
  };
  return { name, idb, tab };
};
/** Moves the clock until the promise settles. */
const settled = async <T>(clock: TestClock, promise: Promise<T>): Promise<T> => {
  const state = { open: true };
  const end = (): void => void (state.open = false);
  promise.then(end, end);
  while (state.open) {
    await clock.pass(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return promise;
};
type Tab = Awaited<ReturnType<Awaited<ReturnType<typeof device>>['tab']>>;

const say = ({ writer, given }: Tab, text: string) =>
  writer.write('sendMessage', STRICT, (draft) => sendMessage(draft, given, 'direct:bob', { body: `"${text}"` }));
const textsOf = ({ writer }: Tab) =>
  [...writer.model.outbox.values()].flatMap((entry) => (entry.kind === 'message' ? [entry.message.body] : []));
const titleOf = ({ at, says, message }: IdbFault) => `${says} "${message}" at ${at}`;

describe.each([1, 3])('%i failures in a row', (times) => {
  it.each(WEBKIT.map((fault) => [titleOf(fault), fault] as const))(
    'a write that meets %s is stored once, and its caller gets no error (F01)',
    async (_title, fault) => {
      const { idb, tab } = await device();
      const mine = await tab();
      await say(mine, 'before');
      idb.plan({ ...fault, times });
      const shown = await say(mine, 'during');
      expect(idb.struck[fault.at]).toBe(times);
      await say(mine, 'after');
      expect(textsOf(mine)).toEqual(['"before"', '"during"', '"after"']);
      const fresh = await tab();
      expect(textsOf(fresh)).toEqual(['"before"', '"during"', '"after"']);
      expect(fresh.writer.model.findPending(shown.id)).toBeDefined();
    },
  );
});

it.each(WEBKIT.filter(({ at }) => at !== 'committed').map((fault) => [titleOf(fault), fault] as const))(
  'a write that meets endless %s is refused, nothing is stored, and later writes work again (F01)',
  async (_title, fault) => {
    const { idb, tab } = await device();
    const mine = await tab();
    idb.plan({ ...fault, times: Infinity });
    await expect(say(mine, 'lost')).rejects.toMatchObject({ code: 'store/unavailable' });
    expect(idb.struck[fault.at]).toBeGreaterThan(3);
    idb.clear();
    await say(mine, 'works');
    expect(textsOf(mine)).toEqual(['"works"']);
    expect(textsOf(await tab())).toEqual(['"works"']);
  },
);

it('an answer from before the break of the connection stays valid: a committed write is not decided again (F01)', async () => {
  const { idb, tab } = await device();
  const mine = await tab();
  const messages = [1, 2].map((seq) => ({
    id: `m${seq}`,
    seq,
    senderId: 'bob',
    sentAt: 1,
    body: '"x"',
    receiptRequested: true,
    countable: true,
    recalled: false,
  }));
  await mine.writer.write('snapshot', STRICT, (draft) =>
    applySnapshot(
      draft,
      mine.given,
      [
        {
          type: 'changes',
          from: null,
          to: 'c',
          rows: [{ ...emptyRow('direct:bob'), version: 1, latestSeq: 2 }],
          messages: [{ conversationId: 'direct:bob', messages }],
          steps: [],
          complete: true,
        },
      ],
      false,
    ),
  );
  idb.plan({ at: 'committed', says: 'UnknownError', closes: true });
  const other = await tab();
  const read = mine.writer.write('read', STRICT, (draft) => sendReadReceipts(draft, mine.given, 'direct:bob', ['m1']));
  expect(await read).toEqual({ queued: ['m1'], skipped: [] });
  // Another tab wrote in between, so the version alone shows nothing.
  await say(other, 'between');
  expect(textsOf(other)).toEqual(['"between"']);
  expect(mine.writer.model.version).toBeLessThan(other.writer.model.version);
});

it.each([
  ['UnknownError', 'Internal error opening backing store for indexedDB.open.'],
  ['AbortError', 'The connection was closed.'],
])(
  'after two failures (%s) the opening of the database is tried a third time, and after a third failure the opening rejects (F13)',
  async (says, message) => {
    const idb = new FaultyIdb(indexedDB);
    idb.plan({ at: 'open', says, message, times: 2 });
    const clock = hurriedClock();
    const store = await openDiskStore(`lost-${++databases}`, { factory: idb.factory, clock });
    expect(idb.struck.open).toBe(2);
    store.close();
    idb.plan({ at: 'open', says, message, times: Infinity });
    await expect(openDiskStore(`lost-${databases}`, { factory: idb.factory, clock })).rejects.toMatchObject({ code: 'store/unavailable' });
    idb.clear();
    expect((await indexedDB.databases()).map(({ name }) => name)).toContain(`lost-${databases}`);
  },
);

it('a connection closed by the browser is opened again without a call, and a wiped database is reported at once (F02, F11)', async () => {
  const idb = new FaultyIdb(indexedDB);
  const clock = new TestClock();
  const name = `lost-${++databases}`;
  const store = await openDiskStore(name, { factory: idb.factory, clock });
  let isTold = false;
  void store.removed.then(() => (isTold = true));
  idb.forceClose();
  await clock.pass(100);
  await expect.poll(() => idb.open.size).toBe(1);
  // The database still exists.
  expect(isTold).toBe(false);
  idb.forceClose();
  const gone = new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve));
  await clock.pass(100);
  await gone;
  await expect.poll(() => isTold).toBe(true);
  await expect(store.tx('get', ['meta'], 'readonly', 'relaxed', (tx) => tx.get('meta', 'a'))).rejects.toMatchObject({
    code: 'store/closed',
  });
});

it('a hanging opening of the database is tried once more (F16)', async () => {
  const idb = new FaultyIdb(indexedDB);
  idb.plan({ at: 'open', says: 'hang' });
  const clock = new TestClock();
  const opening = openDiskStore(`lost-${++databases}`, { factory: idb.factory, clock });
  await clock.pass(2000);
  const store = await opening;
  await store.tx('put', ['meta'], 'readwrite', 'strict', async (tx) => tx.put('meta', 'a', 1));
});

describe('unsettled transactions', () => {
  it.each(['request', 'commit'] as const)(
    'a transaction that hangs at a %s is given up after 10 s and run again, and stored once (F17)',
    async (at) => {
      const clock = new TestClock();
      const { idb, tab } = await device(clock);
      const mine = await tab();
      idb.plan({ at, says: 'hang' });
      let saved = false;
      const saying = say(mine, 'patience').then(() => (saved = true));
      await clock.pass(9900);
      expect(saved).toBe(false);
      await settled(clock, saying);
      expect(textsOf(await tab())).toEqual(['"patience"']);
    },
  );

  it('a transaction that hangs again and again is refused (F17)', async () => {
    const clock = new TestClock();
    const { idb, tab } = await device(clock);
    const mine = await tab();
    idb.plan({ at: 'request', says: 'hang', times: Infinity });
    const saying = expect(say(mine, 'never')).rejects.toMatchObject({ code: 'store/unavailable' });
    await settled(clock, saying);
    idb.clear();
    expect(textsOf(await tab())).toEqual([]);
  });

  it.each([1000, 9000])('a commit that takes %i ms is stored once, and answered at its end (F26)', async (ms) => {
    const clock = new TestClock();
    const { idb, tab } = await device(clock);
    const mine = await tab();
    idb.plan({ at: 'committed', says: 'late' });
    let saved = false;
    const saying = say(mine, 'slow').then(() => (saved = true));
    await expect.poll(() => idb.holding).toBe(1);
    const { length } = idb.written;
    await clock.pass(ms);
    // Time for a check of the log, which must not happen.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.pass(0);
    expect(idb.written).toHaveLength(length);
    expect(saved).toBe(false);
    idb.release();
    await saying;
    expect(textsOf(mine)).toEqual(['"slow"']);
    expect(textsOf(await tab())).toEqual(['"slow"']);
  });

  it('a commit that takes 30 s is answered earlier, by a check of the log, and stored once (F26)', async () => {
    const clock = new TestClock();
    const { idb, tab } = await device(clock);
    const mine = await tab();
    idb.plan({ at: 'committed', says: 'late' });
    let saved = false;
    const saying = say(mine, 'slow').then(() => (saved = true));
    await expect.poll(() => idb.holding).toBe(1);
    await clock.pass(10_000);
    expect(saved).toBe(false);
    await settled(clock, saying);
    await clock.pass(20_000);
    idb.release();
    await say(mine, 'after');
    expect(textsOf(mine)).toEqual(['"slow"', '"after"']);
    expect(textsOf(await tab())).toEqual(['"slow"', '"after"']);
  });
});
