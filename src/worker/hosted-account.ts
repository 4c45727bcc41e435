/**
 * One account in one tab, whatever becomes of its store. Where the device refuses to store, an engine over memory does its work, and
 * moves to the disk once that can be had. Where the browser wipes the disk, an engine over a new store takes over what the user did.
 * Calls and streams stay the same throughout.
 */
import { BehaviorSubject, filter, firstValueFrom, NEVER, type Observable, ReplaySubject, switchMap, takeUntil } from 'rxjs';
import type { Hosted } from '../bridge/expose.ts';
import type { PageSide, WorkerConfig } from '../bridge/worker-api.ts';
import type { Carried } from '../engine/carry-over.ts';
import { withMessageId } from '../engine/decide-intent.ts';
import { Engine, type Standing } from '../engine/engine.ts';
import { StoreError, UsageError } from '../errors.ts';
import type { IntentCall, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { Topic } from '../model/topic.ts';
import type { BusPort, Cancel, Ports } from '../ports/ports.ts';
import { enterAccount, finishWipe } from '../store/accounts.ts';
import type { DexieStore } from '../store/dexie-store.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { NoteKeeper, OutsideNote } from '../store/outside-note.ts';
import { beginOpening } from './open-store.ts';

/** What is owed for a moment only is not noted: most receipts are at the server before. */
const NOTE_AFTER_MS = 1000;
/** A frozen tab may hold on to the database for as long as it likes: what is in it is gone by then, and its name goes with that tab. */
const REMOVE_PATIENCE_MS = 2000;

export interface AccountAround {
  readonly ports: Omit<Ports, 'store'>;
  readonly name: string;
  readonly note: NoteKeeper;
  readonly page: Pick<PageSide, 'deviceId' | 'forgetDevice' | 'renewDevice'>;
  readonly open: () => Promise<DexieStore>;
  /** Removes the database unseen: for one that could not be opened. */
  readonly removeUnseen: () => void;
}

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

const STATE_TOPICS: ReadonlySet<Topic['of']> = new Set(['connection', 'outbox', 'events', 'dead-letters'] satisfies Topic['of'][]);

export class HostedAccount implements Hosted {
  /** Null while it moves. */
  private readonly engine$ = new BehaviorSubject<Engine | null>(null);
  /** The one whose counts and messages are shown: a new one only once it knows how things stand, so that nothing flickers to 0. */
  private readonly shown$ = new BehaviorSubject<Engine | null>(null);
  private readonly over$ = new ReplaySubject<void>(1);
  private over = false;
  private store: DexieStore | null = null;
  private deviceId: string;
  private lostGenerations: readonly string[] = [];
  private readonly intents = new Set<Promise<unknown>>();
  private stopNoting: Cancel = () => undefined;
  private leave: () => void = () => undefined;
  readonly loggedOut = new Promise<void>((resolve) => (this.leave = resolve));

  private constructor(
    private readonly config: WorkerConfig,
    private readonly around: AccountAround,
  ) {
    this.deviceId = config.deviceId;
  }

  static async start(config: WorkerConfig, around: AccountAround): Promise<HostedAccount> {
    const account = new HostedAccount(config, around);
    const { note, ports, open } = around;
    const opening = beginOpening(open, ports.clock, () => !account.over);
    const [noted, store] = await Promise.all([note.read(), opening.soon]);
    if (store && (await account.moveTo(() => account.onDisk(store, noted)))) return account;
    await account.moveTo(() => account.inMemory(noted));
    void opening.atLast.then((late) => account.backToDisk(late));
    return account;
  }

  private get account() {
    return { userId: this.config.userId, deviceId: this.deviceId };
  }

  /** @returns false where the new place refuses: then nothing runs. */
  private async moveTo(open: () => Promise<Engine>): Promise<boolean> {
    const isFirst = this.shown$.value === null;
    try {
      const engine = await open();
      if (this.over) engine.close();
      else {
        this.run(engine, isFirst);
      }
      return true;
    } catch (error) {
      this.store?.close();
      this.store = null;
      // Neither of these is mended by doing without the disk.
      if (error instanceof StoreError && (error.code === 'store/closed' || error.code === 'store/version-ahead')) throw error;
      return false;
    }
  }

  private run(engine: Engine, isFirst: boolean): void {
    this.engine$.next(engine);
    if (isFirst) this.shown$.next(engine);
    else
      void engine.whenKnown().then(() => {
        if (this.engine$.value === engine) this.shown$.next(engine);
      });
    void engine.loggedOut.then(() => this.end());
    this.noteStanding(engine);
  }

  private async onDisk(opened: DexieStore, noted: OutsideNote | undefined, carried?: Carried): Promise<Engine> {
    const { page, name, ports, open, note } = this.around;
    let store = opened;
    let known = noted;
    this.store = store;
    let found = await enterAccount(store, this.account);
    if (found === 'unwiped') {
      // Before anything is shown: what a log-out left is nobody's any more.
      await finishWipe(store);
      await note.forget();
      await this.removeFrom(store);
      known = undefined;
      this.deviceId = await page.deviceId(name);
      this.store = store = await open();
      found = await enterAccount(store, this.account);
    }
    const isLost = found === 'new' && known !== undefined;
    if (isLost) {
      // Whoever knew this device by its id knew what it held.
      this.deviceId = await page.renewDevice(name);
      await enterAccount(store, this.account);
    }
    const engine = await Engine.open({ ...ports, store }, this.account, name, this.config.settings, this.config.retention, {
      ...(carried ? { carried } : {}),
      // What a running tab carries over is not lost.
      ...(isLost && !carried ? { lostEntries: known?.owed ?? 0 } : {}),
      vanished: () => void this.vanished(store),
    });
    this.lostGenerations =
      known && known.generation !== engine.generation ? [...known.lost, known.generation].slice(-8) : (known?.lost ?? []);
    void store.removed.then(() => this.vanished(store));
    return engine;
  }

  private inMemory(noted: OutsideNote | undefined, carried?: Carried): Promise<Engine> {
    const { ports, name } = this.around;
    const store = createMemoryStore();
    this.lostGenerations = noted?.lost ?? [];
    // The switches as they were: a device that forgot them would tell what was not to be told.
    const before = carried ?? (noted ? { outbox: [], deadLetters: [], settings: noted.settings, paused: noted.paused } : undefined);
    // Every tab leads for itself: a follower of another's would have no store to follow.
    const lock = `${name}:memory:${ports.random.id()}`;
    return Engine.open({ ...ports, bus: aloneOnBus(ports.bus), store }, this.account, lock, this.config.settings, this.config.retention, {
      ...(before ? { carried: before } : {}),
    });
  }

  /** Nobody begins anything more on the engine there is, and what was begun has ended: what it would leave behind. */
  private async stopped(): Promise<Carried | undefined> {
    const engine = this.engine$.value;
    this.engine$.next(null);
    this.stopNoting();
    await Promise.allSettled(this.intents);
    const carried = engine?.carried;
    engine?.close();
    return carried;
  }

  private async backToDisk(store: DexieStore): Promise<void> {
    if (this.over) {
      store.close();
      return;
    }
    const noted = await this.around.note.read();
    const carried = await this.stopped();
    if (await this.moveTo(() => this.onDisk(store, noted, carried)).catch(() => false)) return;
    await this.moveTo(() => this.inMemory(noted, carried));
  }

  /** The store has come to an end and nobody said why: wiped by the browser, or by a log-out that this tab missed. */
  private async vanished(store: DexieStore): Promise<void> {
    const engine = this.engine$.value;
    if (this.over || this.store !== store || !engine) return;
    this.store = null;
    const { generation } = engine;
    const { note, open, ports } = this.around;
    const carried = await this.stopped();
    store.close();
    const noted = await note.read();
    // A log-out takes the note with it. Where it cannot be told, nothing of the account is sent again.
    if (noted?.generation !== generation && !noted?.lost.includes(generation)) return this.end();
    const opening = beginOpening(open, ports.clock, () => !this.over);
    const again = await opening.soon.catch(() => null);
    if (again && (await this.moveTo(() => this.onDisk(again, noted, carried)).catch(() => false))) return;
    await this.moveTo(() => this.inMemory(noted, carried));
    void opening.atLast.then((late) => this.backToDisk(late));
  }

  private noteStanding(engine: Engine): void {
    const { note, ports } = this.around;
    if (!this.store) return;
    let latest: Standing | null = null;
    let waiting: Cancel | null = null;
    let written = '';
    const { generation } = engine;
    const write = (): void => {
      waiting = null;
      const text = JSON.stringify(latest);
      if (!latest || text === written) return;
      written = text;
      void note.write({ generation, lost: this.lostGenerations, ...latest });
    };
    const update = async (): Promise<void> => {
      waiting = null;
      // Gone with a log-out, or another store's by now: whoever missed that does not bring it back.
      if ((await note.read())?.generation === generation) write();
    };
    const stop = engine.watchStanding((standing) => {
      const isFirst = latest === null;
      latest = standing;
      if (isFirst) write();
      else waiting ??= ports.clock.timer(NOTE_AFTER_MS, () => void update());
    });
    this.stopNoting = () => {
      stop();
      waiting?.();
    };
  }

  private async running(): Promise<Engine> {
    const engine = await firstValueFrom(
      this.engine$.pipe(
        filter((one) => one !== null),
        takeUntil(this.over$),
      ),
      { defaultValue: null },
    );
    if (!engine || this.over) throw new UsageError('usage/closed', 'this account was logged out; create another client');
    return engine;
  }

  /** Done on the engine there is, and again should its store end under it: nothing was written then. */
  private async onEngine<T>(run: (engine: Engine) => Promise<T>): Promise<T> {
    for (;;) {
      const engine = await this.running();
      try {
        return await run(engine);
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'store/closed' || this.over) throw error;
        await firstValueFrom(
          this.engine$.pipe(
            filter((one) => one !== engine),
            takeUntil(this.over$),
          ),
          { defaultValue: null },
        );
      }
    }
  }

  intent(call: IntentCall): Promise<unknown> {
    const named = withMessageId(call, this.around.ports.random);
    return this.onEngine((engine) => {
      const done = engine.intent(named);
      const ended = done.then(
        () => undefined,
        () => undefined,
      );
      this.intents.add(ended);
      void ended.then(() => this.intents.delete(ended));
      return done;
    });
  }

  query(call: QueryCall): Promise<unknown> {
    return this.onEngine((engine) => engine.query(call));
  }

  watch(topic: Topic): Observable<unknown> {
    const engine$ = STATE_TOPICS.has(topic.of) ? this.engine$ : this.shown$;
    let first: Engine | null = null;
    return engine$.pipe(
      switchMap((engine): Observable<unknown> => {
        first ??= engine;
        // Another store numbers its events from the start.
        return engine?.watch(topic.of === 'events' && engine !== first ? { of: 'events' } : topic) ?? NEVER;
      }),
      takeUntil(this.over$),
    );
  }

  async logOut(options: LogOut): Promise<void> {
    const { note } = this.around;
    const engine = await this.running();
    this.stopNoting();
    // First: a tab that finds nothing where its store was must not take it for a loss, and bring it back.
    if (options.pending === 'discard') await note.forget();
    try {
      await engine.logOut(options);
    } catch (error) {
      this.noteStanding(engine);
      throw error;
    }
    await note.forget();
    const { store } = this;
    this.over = true;
    if (options.keepData) store?.close();
    else if (store) await this.removeFrom(store);
    else {
      await this.around.page.forgetDevice(this.around.name);
      this.around.removeUnseen();
    }
    this.over$.next();
  }

  /** The last of a log-out, once the store is empty. The device's id goes first: its database is what tells that it should. */
  private async removeFrom(store: DexieStore): Promise<void> {
    const { page, name, ports } = this.around;
    await page.forgetDevice(name);
    const patience = new Promise<void>((resolve) => void ports.clock.timer(REMOVE_PATIENCE_MS, resolve));
    await Promise.race([store.remove(), patience]);
    store.close();
  }

  private end(): void {
    if (this.over) return;
    this.close();
    this.leave();
  }

  close(): void {
    this.over = true;
    this.stopNoting();
    const engine = this.engine$.value;
    // It closes its store itself, when it is through.
    if (engine) engine.close();
    else this.store?.close();
    this.over$.next();
  }
}
