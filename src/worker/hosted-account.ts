/**
 * One account in one tab, over a changing store. If the device refuses to store, an engine over memory does the work,
 * and the account moves to the disk as soon as the disk opens. If the browser wipes the disk, an engine over a new
 * store takes over the user's pending entries. The page's calls and streams survive each move.
 *
 *    start ──▶ on disk ──── store vanished ────▶ new store on disk
 *      │          ▲                                   │ does not open
 *      │          │ disk opens later                  ▼
 *      └──────▶ in memory ◀───────────────────────────┘
 *   Every state ends with close() or a log-out.
 */
import type { Hosted } from '../bridge/expose.ts';
import { Unanswered } from '../bridge/unanswered.ts';
import type { WorkerConfig } from '../bridge/worker-api.ts';
import type { Carried } from '../engine/account/migrate-pending.ts';
import { withMessageId } from '../engine/intents/send-message.ts';
import type { Engine } from '../engine/engine.ts';
import { closedByLogOut, StoreError, TransportError, WorkerError } from '../errors.ts';
import type { IntentCall, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Topic, Watcher } from '../model/api/topic.ts';
import type { Cancel } from '../ports/ports.ts';
import type { DiskStore } from '../store/disk-store.ts';
import type { OutsideNote } from '../store/loss-marker.ts';
import { CurrentEngine } from './current-engine.ts';
import { noteStanding } from './note-standing.ts';
import { beginOpening } from './open-store.ts';
import { type AccountContext, type AccountHome, openInMemory, openOnDisk, removeStore } from './account-home.ts';
import { ShownEngines } from './shown-engines.ts';
import { errorDetails } from '../logging.ts';

/** Timeouts of `close()` for earlier writes and for earlier answers of the server. */
const WRITE_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 2000;

const notStored = (): WorkerError =>
  new WorkerError('worker/restarted', 'the client ended before this device stored the call; repeat it on another client');

export class HostedAccount implements Hosted {
  private readonly current: CurrentEngine;
  private readonly shown: ShownEngines;
  private over = false;
  private home: AccountHome | null = null;
  private deviceId: string;
  /** The intents under way on the current engine. */
  private readonly intents = new Set<Promise<unknown>>();
  private readonly writes = new Unanswered();
  private readonly questions = new Unanswered();
  private stopNoting: Cancel = () => undefined;
  private leave: () => void = () => undefined;
  readonly loggedOut = new Promise<void>((resolve) => (this.leave = resolve));

  private constructor(
    private readonly config: WorkerConfig,
    private readonly context: AccountContext,
  ) {
    this.deviceId = config.deviceId;
    this.current = new CurrentEngine(context.ports.clock);
    this.shown = new ShownEngines(this.current);
  }

  static async start(config: WorkerConfig, context: AccountContext): Promise<HostedAccount> {
    const account = new HostedAccount(config, context);
    const { note, ports, open } = context;
    const opening = beginOpening(open, ports, () => !account.over);
    const [noted, store] = await Promise.all([note.read(), opening.soon]);
    if (store && (await account.moveTo(() => account.onDisk(store, noted)))) return account;
    await account.moveTo(() => account.inMemory(noted));
    void opening.atLast.then((late) => account.backToDisk(late));
    return account;
  }

  /** @returns false if the new home does not open: no engine runs then. */
  private async moveTo(open: () => Promise<AccountHome>): Promise<boolean> {
    try {
      const home = await open();
      if (this.over) await home.engine.close();
      else this.run(home);
      return true;
    } catch (error) {
      this.context.ports.log('warn', 'store-not-opened', errorDetails(error));
      // Working in memory would help against neither of these errors.
      if (error instanceof StoreError && (error.code === 'store/closed' || error.code === 'store/version-ahead')) throw error;
      return false;
    }
  }

  private run(home: AccountHome): void {
    const { engine, store, deviceId } = home;
    this.home = home;
    this.deviceId = deviceId;
    this.current.now = engine;
    this.shown.take(home);
    void engine.loggedOut.then(() => this.end());
    if (!store) return;
    void store.removed.then(() => this.vanished(store));
    void store.newerSchema.then((error) => engine.newerSchema(error));
    this.note(home);
  }

  private note({ engine, lostGenerations }: AccountHome): void {
    const { note, ports } = this.context;
    this.stopNoting = noteStanding(note, ports.clock, engine, lostGenerations);
  }

  private onDisk(store: DiskStore, noted: OutsideNote | undefined, carried?: Carried): Promise<AccountHome> {
    const { config, deviceId } = this;
    return openOnDisk(this.context, store, { config, deviceId, noted, carried }, (gone) => void this.vanished(gone));
  }

  private inMemory(noted: OutsideNote | undefined, carried?: Carried): Promise<AccountHome> {
    const { config, deviceId } = this;
    this.context.ports.log('warn', 'stored-in-memory');
    return openInMemory(this.context, { config, deviceId, noted, carried });
  }

  /**
   * Stops the current engine: no call starts on it any more, and all running intents have ended. @returns the state to
   * carry over.
   */
  private async stopped(): Promise<Carried | undefined> {
    const engine = this.current.now;
    this.home = null;
    this.current.now = null;
    this.stopNoting();
    await Promise.allSettled(this.intents);
    const carried = engine?.carried;
    void engine?.close();
    return carried;
  }

  private async backToDisk(store: DiskStore): Promise<void> {
    if (this.over) {
      store.close();
      return;
    }
    const noted = await this.context.note.read();
    const carried = await this.stopped();
    if (await this.moveTo(() => this.onDisk(store, noted, carried)).catch(() => false)) {
      this.context.ports.log('info', 'stored-on-disk');
      return;
    }
    await this.moveTo(() => this.inMemory(noted, carried));
  }

  /** Handles the unannounced end of the store: the browser wiped the disk, or this tab missed another tab's log-out. */
  private async vanished(store: DiskStore): Promise<void> {
    if (this.over || this.home?.store !== store) return;
    const { engine, lostGenerations } = this.home;
    const { generation } = engine;
    this.context.ports.log('warn', 'store-vanished');
    const { note, open, ports } = this.context;
    const carried = await this.stopped();
    store.close();
    // A log-out marks the generation as ended before deleting anything. Without a readable mark, no pending entry is
    // sent again.
    if (!carried || (await note.isEnded(generation)) !== false) return this.end();
    let noted = await note.read();
    if (!noted) {
      // The browser wiped the note together with the store: write the same note again.
      const { outbox, paused, settings } = carried;
      noted = { generation, lost: lostGenerations, pendingReceipts: outbox.length, paused, settings };
      await note.write(noted);
    }
    const opening = beginOpening(open, ports, () => !this.over);
    const again = await opening.soon.catch(() => null);
    if (again && (await this.moveTo(() => this.onDisk(again, noted, carried)).catch(() => false))) return;
    await this.moveTo(() => this.inMemory(noted, carried));
    void opening.atLast.then((late) => this.backToDisk(late));
  }

  intent(call: IntentCall): Promise<unknown> {
    const named = withMessageId(call, this.context.ports.random);
    const written = this.current.repeat((engine) => {
      const done = engine.intent(named);
      const ended = done.then(
        () => undefined,
        () => undefined,
      );
      this.intents.add(ended);
      void ended.then(() => this.intents.delete(ended));
      return done;
    });
    return this.writes.add(written);
  }

  query(call: QueryCall): Promise<unknown> {
    const answer = call.do === 'flush' ? this.current.flush(...call.args) : this.current.repeat((engine) => engine.query(call));
    return this.questions.add(answer);
  }

  watch(topic: Topic, watcher: Watcher<unknown>): Cancel {
    return this.shown.watch(topic, watcher);
  }

  async logOut(options: LogOut): Promise<void> {
    const { clock } = this.context.ports;
    const deadline = clock.mono() + options.timeoutMs;
    await this.current.repeat((engine) => {
      const leftMs = Math.max(0, Math.floor(deadline - clock.mono()));
      return this.leaveFrom(engine, { ...options, timeoutMs: leftMs });
    });
    this.current.end(closedByLogOut());
    await this.refuseRest(closedByLogOut());
  }

  private async leaveFrom(engine: Engine, options: LogOut): Promise<void> {
    const { note, page, name, removeUnseen } = this.context;
    const home = this.home!;
    const ended = [engine.generation, ...home.lostGenerations];
    this.stopNoting();
    // Mark the end first: another tab that finds its store gone must not treat the log-out as a loss and restore the
    // data.
    if (options.pending === 'discard') await note.end(ended);
    try {
      await engine.logOut(options);
    } catch (error) {
      await note.takeBack(ended);
      if (home.store && this.home === home) this.note(home);
      throw error;
    }
    await note.end(ended);
    this.over = true;
    const { store } = home;
    if (options.keepData) store?.close();
    else if (store) await removeStore(this.context, store);
    else {
      await page.forgetDevice(name);
      removeUnseen();
    }
  }

  /** The account was logged out elsewhere. Every waiting call rejects before the engine answers it. */
  private end(): void {
    if (this.over) return;
    this.refuseAll(closedByLogOut(), closedByLogOut());
    void this.shut(closedByLogOut());
    this.leave();
  }

  /** Resolves when every earlier call is done and answered, or refused. */
  async close(): Promise<void> {
    const { clock } = this.context.ports;
    await Promise.all([this.writes.settledWithin(WRITE_TIMEOUT_MS, clock), this.questions.settledWithin(ANSWER_TIMEOUT_MS, clock)]);
    await this.shut(notStored());
    await this.refuseRest(new TransportError('transport/closed', 'the client was closed before the server answered'));
  }

  /** Refuses the remaining calls. The engine has ended and gives no more answers. */
  private async refuseRest(noAnswer: Error): Promise<void> {
    await this.questions.settledWithin(0, this.context.ports.clock);
    this.refuseAll(noAnswer, notStored());
  }

  private refuseAll(noAnswer: Error, noWrite: Error): void {
    this.questions.refuse(noAnswer);
    this.writes.refuse(noWrite);
  }

  /** @param reason the error of calls that wait for the next engine. */
  private async shut(reason: Error): Promise<void> {
    this.over = true;
    this.stopNoting();
    // The engine closes its store after its last work.
    const closed = this.current.now?.close();
    this.current.end(reason);
    await closed;
  }
}
