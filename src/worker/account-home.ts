/** Where this tab keeps an account: a store on the disk, or in memory if the device refuses, with the engine over it. */
import type { PageSide, WorkerConfig } from '../bridge/worker-api.ts';
import type { Carried } from '../engine/account/migrate-pending.ts';
import { enterAccount, enterOrWipe } from '../engine/account/enter-account.ts';
import { Engine } from '../engine/engine.ts';
import type { BusPort, ClockPort, Ports } from '../ports/ports.ts';
import type { DiskStore } from '../store/disk-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { NoteKeeper, OutsideNote } from '../store/loss-marker.ts';

/**
 * Limit for the removal of the database. A frozen tab may keep the emptied database open for longer; its name goes with
 * that tab.
 */
const REMOVE_TIMEOUT_MS = 2000;

export interface AccountContext {
  readonly ports: Omit<Ports, 'store'>;
  readonly name: string;
  readonly note: NoteKeeper;
  readonly page: Pick<PageSide, 'deviceId' | 'forgetDevice' | 'renewDevice'>;
  readonly open: () => Promise<DiskStore>;
  /** Removes a database after its opening failed. */
  readonly removeUnseen: () => void;
}

export interface AccountHome {
  readonly engine: Engine;
  /** Null for a home in memory. */
  readonly store: DiskStore | null;
  readonly deviceId: string;
  /** Generations of earlier stores, lost without a log-out. */
  readonly lostGenerations: readonly string[];
  /** True if a new store replaces a lost store: until the server answers, the new store knows less than the page shows. */
  readonly isBlank: boolean;
}

/** The arguments of a new home. */
export interface HomeOptions {
  readonly config: WorkerConfig;
  readonly deviceId: string;
  readonly noted: OutsideNote | undefined;
  /** The state carried over from the earlier home. */
  readonly carried?: Carried | undefined;
}

/**
 * @param opened the open store. A failure closes it.
 * @param vanished called when the store turns out to be gone without a recorded log-out.
 */
export const openOnDisk = async (
  context: AccountContext,
  opened: DiskStore,
  { config, deviceId: before, noted, carried }: HomeOptions,
  vanished: (store: DiskStore) => void,
): Promise<AccountHome> => {
  const { page, name, ports, open, note } = context;
  const { userId } = config;
  let store = opened;
  let deviceId = before;
  let known = noted;
  try {
    const found = await enterOrWipe(store, { userId, deviceId }, async () => {
      await note.end([]);
      await removeStore(context, store);
      known = undefined;
      deviceId = await page.deviceId(name);
      store = await open();
      return { store, deviceId };
    });
    const isLost = found === 'new' && known !== undefined;
    if (isLost) {
      // The server assumes that this device id has the lost messages, so the device takes a new id.
      deviceId = await page.renewDevice(name);
      await enterAccount(store, { userId, deviceId });
    }
    const mine = store;
    const engine = await Engine.open({ ...ports, store }, { userId, deviceId }, name, config.settings, config.retention, {
      ...(carried ? { carried } : {}),
      // Entries carried over by a running tab are not lost.
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

/** The bus of a tab in memory. Such a tab shares only log-outs with other tabs: all other hints concern the store on disk. */
const aloneOnBus = (bus: BusPort): BusPort => ({
  post: (hint) => {
    if (hint.type === 'logged-out') bus.post(hint);
  },
  listen: (fn) =>
    bus.listen((hint) => {
      if (hint.type === 'logged-out') fn(hint);
    }),
});

export const openInMemory = async (
  { ports, name }: Pick<AccountContext, 'ports' | 'name'>,
  { config, deviceId, noted, carried }: HomeOptions,
): Promise<AccountHome> => {
  // Keep the user's settings: without them, this device would send receipts against the user's wish.
  const before = carried ?? (noted ? { outbox: [], deadLetters: [], settings: noted.settings, paused: noted.paused } : undefined);
  // Each tab in memory is its own leader: as a follower, it would have no shared store to follow.
  const lock = `${name}:memory:${ports.random.id()}`;
  const context = { ...ports, bus: aloneOnBus(ports.bus), store: createMemoryStore() };
  const account = { userId: config.userId, deviceId };
  const engine = await Engine.open(context, account, lock, config.settings, config.retention, before ? { carried: before } : {});
  return { engine, store: null, deviceId, lostGenerations: noted?.lost ?? [], isBlank: noted !== undefined };
};

/**
 * The last step of a log-out, after the store was emptied. The device's id goes first: a database that is left still
 * tells a later start to remove the id.
 */
export const removeStore = async (
  {
    page,
    name,
    ports,
  }: { readonly page: Pick<PageSide, 'forgetDevice'>; readonly name: string; readonly ports: { readonly clock: ClockPort } },
  store: DiskStore,
): Promise<void> => {
  await page.forgetDevice(name);
  const timeout = new Promise<void>((resolve) => void ports.clock.timer(REMOVE_TIMEOUT_MS, resolve));
  await Promise.race([store.remove(), timeout]);
  store.close();
};
