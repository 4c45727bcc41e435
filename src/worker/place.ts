/** Where an account's data is kept in this tab: on the disk, or in memory where the device refuses; and the engine over it. */
import type { PageSide, WorkerConfig } from '../bridge/worker-api.ts';
import type { Carried } from '../engine/account/migrate-pending.ts';
import { Engine } from '../engine/engine.ts';
import type { BusPort, ClockPort, Ports } from '../ports/ports.ts';
import { enterAccount, finishWipe } from '../store/accounts.ts';
import type { DexieStore } from '../store/dexie-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { NoteKeeper, OutsideNote } from '../store/loss-marker.ts';

/** A frozen tab may hold on to the database for as long as it likes: what is in it is gone by then, and its name goes with that tab. */
const REMOVE_TIMEOUT_MS = 2000;

export interface AccountContext {
  readonly ports: Omit<Ports, 'store'>;
  readonly name: string;
  readonly note: NoteKeeper;
  readonly page: Pick<PageSide, 'deviceId' | 'forgetDevice' | 'renewDevice'>;
  readonly open: () => Promise<DexieStore>;
  /** Removes the database unseen: for one that could not be opened. */
  readonly removeUnseen: () => void;
}

export interface Place {
  readonly engine: Engine;
  /** Null in memory. */
  readonly store: DexieStore | null;
  readonly deviceId: string;
  /** Of stores before this one: lost, not logged out of. */
  readonly lostGenerations: readonly string[];
  /** New, though there was another before: it knows less than was known here, until the server has spoken. */
  readonly isBlank: boolean;
}

/** What one place is made of. */
export interface Move {
  readonly config: WorkerConfig;
  readonly deviceId: string;
  readonly noted: OutsideNote | undefined;
  /** What the place before leaves behind. */
  readonly carried?: Carried | undefined;
}

/**
 * @param opened closed again should this fail.
 * @param vanished called when the store turns out to be gone, and nobody wrote down a log-out.
 */
export const placeOnDisk = async (
  context: AccountContext,
  opened: DexieStore,
  { config, deviceId: before, noted, carried }: Move,
  vanished: (store: DexieStore) => void,
): Promise<Place> => {
  const { page, name, ports, open, note } = context;
  const { userId } = config;
  let store = opened;
  let deviceId = before;
  let known = noted;
  try {
    let found = await enterAccount(store, { userId, deviceId });
    if (found === 'unwiped') {
      // Before anything is shown: what a log-out left is nobody's any more.
      await finishWipe(store);
      await note.end([]);
      await removeStore(context, store);
      known = undefined;
      deviceId = await page.deviceId(name);
      store = await open();
      found = await enterAccount(store, { userId, deviceId });
    }
    const isLost = found === 'new' && known !== undefined;
    if (isLost) {
      // Whoever knew this device by its id knew what it held.
      deviceId = await page.renewDevice(name);
      await enterAccount(store, { userId, deviceId });
    }
    const mine = store;
    const engine = await Engine.open({ ...ports, store }, { userId, deviceId }, name, config.settings, config.retention, {
      ...(carried ? { carried } : {}),
      // What a running tab carries over is not lost.
      ...(isLost && !carried ? { lostEntries: known?.pendingReceipts ?? 0 } : {}),
      vanished: () => vanished(mine),
    });
    const isAnother = known !== undefined && known.generation !== engine.generation;
    const lostGenerations = isAnother ? [...known!.lost, known!.generation].slice(-8) : (known?.lost ?? []);
    return { engine, store, deviceId, lostGenerations, isBlank: isLost };
  } catch (error) {
    store.close();
    throw error;
  }
};

/** A tab that stores in memory shares nothing with others but the end: what they tell of their store says nothing of its own. */
const aloneOnBus = (bus: BusPort): BusPort => ({
  post: (hint) => {
    if (hint.type === 'logged-out') bus.post(hint);
  },
  listen: (fn) =>
    bus.listen((hint) => {
      if (hint.type === 'logged-out') fn(hint);
    }),
});

export const placeInMemory = async (
  { ports, name }: Pick<AccountContext, 'ports' | 'name'>,
  { config, deviceId, noted, carried }: Move,
): Promise<Place> => {
  // The switches as they were: a device that forgot them would tell what was not to be told.
  const before = carried ?? (noted ? { outbox: [], deadLetters: [], settings: noted.settings, paused: noted.paused } : undefined);
  // Every tab leads for itself: a follower of another's would have no store to follow.
  const lock = `${name}:memory:${ports.random.id()}`;
  const context = { ...ports, bus: aloneOnBus(ports.bus), store: createMemoryStore() };
  const account = { userId: config.userId, deviceId };
  const engine = await Engine.open(context, account, lock, config.settings, config.retention, before ? { carried: before } : {});
  return { engine, store: null, deviceId, lostGenerations: noted?.lost ?? [], isBlank: noted !== undefined };
};

/** The last of a log-out, once the store is empty. The device's id goes first: its database is what tells that it should. */
export const removeStore = async (
  {
    page,
    name,
    ports,
  }: { readonly page: Pick<PageSide, 'forgetDevice'>; readonly name: string; readonly ports: { readonly clock: ClockPort } },
  store: DexieStore,
): Promise<void> => {
  await page.forgetDevice(name);
  const patience = new Promise<void>((resolve) => void ports.clock.timer(REMOVE_TIMEOUT_MS, resolve));
  await Promise.race([store.remove(), patience]);
  store.close();
};
