/**
 * The engine of one account in one tab. Its host gives it the ports.
 *
 *   intent ──> Writer ──> store and account state ──> Views ──> page
 *                │ ▲
 *        pending │ │ changes                 only in the leader tab
 *                ▼ │
 *             Leader ── Sync ── one connection ──> server
 *   query ──> Ask ── HTTP ───────────────────────> server     in every tab
 */
import { closedByLogOut, type StoreError } from '../errors.ts';
import type { IntentCall, Queries, QueryCall } from '../model/api/intents.ts';
import type { LogOut } from '../model/api/log-out.ts';
import type { Retention } from '../model/api/retention.ts';
import type { Topic, TopicValue, Watcher } from '../model/api/topic.ts';
import type { Account, Cancel, Ports } from '../ports/ports.ts';
import type { ReceiptSettings } from '../model/message/receipt-settings.ts';
import { decideIntent, intentOptions } from './intents/intents.ts';
import { adopt, type Carried, carriedOf } from './account/migrate-pending.ts';
import { askInOrder } from './answer-query.ts';
import { Flushes } from './account/flush.ts';
import { type Standing, watchStanding, whenKnown } from './account/standing.ts';
import { keepFresh } from './account/follow-other-tabs.ts';
import { setReceiptSettings } from './intents/switches.ts';
import { recordLogOut, silence, wipe } from './account/log-out.ts';
import { makeRoom } from './space/evict-messages.ts';
import { NetGate } from './net/net-gate.ts';
import { Ask } from './queries/ask.ts';
import { History } from './queries/history.ts';
import { Leader } from './sync/leader/leader.ts';
import { Sync } from './sync/connection/sync.ts';
import { TokenSource } from './net/token-source.ts';
import { UserAsks } from './net/user-asks.ts';
import { RetentionTask } from './space/retention.ts';
import { createViews, type Watch } from './views/views.ts';
import { LoggedOutError, WipedError } from './write/log-header.ts';
import { Writer } from './write/writer.ts';
import { errorDetails, type Log } from '../logging.ts';

export interface EngineContext {
  /** Data of the engine before this one, when its store has vanished or was in memory. */
  readonly carried?: Carried;
  /** Number of entries lost with the store before. If this engine creates a new store, an event tells the app. */
  readonly lostEntries?: number;
  /** Called when the stored data has vanished without a log-out. The engine is then closed. Default: the engine treats it as a log-out. */
  readonly vanished?: () => void;
}

/** `close()` stops waiting for the store after this time. */
const CLOSE_TIMEOUT_MS = 2000;

export class Engine {
  /** Ends of what is watched. */
  private readonly watched = new Set<() => void>();
  private readonly stopListening: Cancel;
  private stopMakingRoom: Cancel = () => undefined;
  private leave: (kept: boolean) => void = () => undefined;
  /** Set when the account or its store ended elsewhere: every call that has no answer yet fails for this reason. */
  private endedBy: LoggedOutError | null = null;
  /** Resolves when another tab has logged out, with true if that tab kept the data. This engine is then closed. */
  readonly loggedOut = new Promise<boolean>((resolve) => (this.leave = resolve));

  private constructor(
    private readonly ports: Ports,
    private readonly gate: NetGate,
    private readonly lockName: string,
    private readonly writer: Writer,
    private readonly leader: Leader,
    private readonly watchView: Watch,
    private readonly flushes: Flushes,
    private readonly answer: (call: QueryCall) => ReturnType<typeof askInOrder>,
    private readonly stopLooking: Cancel,
    context: EngineContext,
    /** True when the rows of this store came from the engine before, without messages. */
    private readonly isRestored: boolean,
  ) {
    writer.loggedOut = (end) => {
      if (end instanceof WipedError && context.vanished) this.vanish(context.vanished);
      else this.lost(end.kept);
    };
    writer.newerSchema = (error) => this.newerSchema(error);
    gate.readStore = () => writer.refresh().catch((error: unknown) => ports.log('warn', 'store-not-read', errorDetails(error)));
    writer.makeRoom = () => makeRoom(ports, writer);
    this.stopListening = ports.bus.listen((hint) => {
      if (hint.type === 'logged-out') this.lost(hint.kept);
    });
  }

  /**
   * @param lockName names the account's leadership across tabs.
   * @param retention how many old messages the device keeps; default: all.
   * @param context the data of the engine before this one, and the reaction to a vanished store.
   */
  static async open(
    given: Ports,
    account: Account,
    lockName: string,
    settings: Partial<ReceiptSettings>,
    retention: Retention = {},
    context: EngineContext = {},
  ): Promise<Engine> {
    const gate = new NetGate(given.net);
    const log: Log = (...record) => {
      // Failures of work after the engine's end are no trouble.
      if (!gate.isShut) given.log(...record);
    };
    const ports: Ports = { ...given, net: gate, log };
    const lost = context.lostEntries ?? 0;
    const { deliveryReceipts = true, readReceipts = true } = settings;
    const writer = await Writer.open(ports, account.userId, [
      ...(lost > 0 ? [{ t: 'event', event: { type: 'storageLost', count: lost } } as const] : []),
      // No host without a page may find the account without these settings (F133).
      ...(deliveryReceipts && readReceipts ? [] : [{ t: 'settings', settings: { deliveryReceipts, readReceipts } } as const]),
    ]);
    const { carried } = context;
    const isRestored = carried
      ? await writer.write(
          'adopt',
          { durability: 'strict', keepsReserve: carried.outbox.some(({ kind }) => kind === 'message') },
          (draft) => adopt(draft, ports, carried),
        )
      : false;
    if (settings.deliveryReceipts !== undefined || settings.readReceipts !== undefined)
      await writer.write('settings', { durability: 'strict' }, (draft) => setReceiptSettings(draft, ports, settings));
    const tokens = new TokenSource(ports.token);
    const asks = new UserAsks(ports.clock);
    const sync = new Sync(ports, account, writer, tokens, asks);
    const leader = new Leader(ports, writer, sync, lockName);
    const ask = new Ask(ports, account, tokens, asks);
    const history = new History(ports, writer, ask);
    const flushes = new Flushes();
    const sources = { ports, writer, ask, history, flushes, leader };
    const answer = (call: QueryCall): ReturnType<typeof askInOrder> => askInOrder(sources, call);
    const watchView = createViews(ports, writer, {
      leader: leader.status,
      opened: (conversationId, limit) => history.opened(conversationId, limit),
      needed: (conversationId, seq) => history.needed(conversationId, seq),
    });
    const stopReaching = leader.whenLive(() => history.reached());
    const stopFresh = keepFresh(ports, writer, () => leader.leads);
    const stopLooking = (): void => {
      stopReaching();
      stopFresh();
    };
    const engine = new Engine(ports, gate, lockName, writer, leader, watchView, flushes, answer, stopLooking, context, isRestored);
    leader.start();
    if (Object.values(retention).some((limit) => limit !== undefined))
      engine.stopMakingRoom = new RetentionTask(ports, writer, retention).start();
    return engine;
  }

  /** @throws the error that the caller gets. A {@link WipedError} tells the host to repeat the call on the next engine. */
  private readonly refused = (error: unknown): never => {
    const reason = this.endedBy ?? error;
    throw reason instanceof LoggedOutError && !(reason instanceof WipedError) ? closedByLogOut() : reason;
  };

  /** Executes a call of the user. Resolves once its changes are flushed to disk (I-1). */
  intent(call: IntentCall): Promise<unknown> {
    return this.writer.write(call.do, intentOptions(call), (draft) => decideIntent(draft, this.ports, call)).catch(this.refused);
  }

  /** Answers a question. Calls keep their order, so the answer includes every intent before it. */
  query(call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> {
    return this.answer(call).catch(this.refused);
  }

  /** Tells the values of a topic until `close()`. @returns stops it. */
  watch<T extends Topic>(topic: T, watcher: Watcher<TopicValue[T['of']]>): Cancel {
    const stop = this.watchView(topic, watcher);
    const end = (): void => {
      stop();
      watcher.ended();
    };
    this.watched.add(end);
    return () => {
      stop();
      this.watched.delete(end);
    };
  }

  /**
   * Logs out. Once this resolves, this device sends nothing of the account, the streams of every tab end, and the store is empty unless the
   * app keeps the data. The host removes the store itself.
   *
   * @throws {TransportError} with `pending`, when entries were not sent in time: nothing has changed.
   * @throws {UsageError} `usage/closed` when another tab logged out and kept the data that this call is to remove.
   * @throws {WipedError} when the store vanished before the pending entries were sent: the host repeats the call on the next engine.
   */
  async logOut(options: LogOut): Promise<void> {
    const { ports, writer, leader } = this;
    const nudge = (): void => leader.nudge();
    try {
      const elsewhere = this.loggedOut.then((kept) => {
        throw new LoggedOutError(kept);
      });
      const recorded = writer.question(() => recordLogOut(ports, writer, nudge, () => leader.status.value.state, this.flushes, options));
      await Promise.race([recorded, elsewhere]);
    } catch (error) {
      const reason = this.endedBy ?? error;
      if (!(reason instanceof LoggedOutError)) throw error;
      // The next engine has the entries that this call is to send.
      if (reason instanceof WipedError && options.pending === 'send') throw reason;
      if (reason.kept && !options.keepData) throw closedByLogOut();
      return;
    }
    this.end();
    await silence(ports, this.lockName, options.keepData);
    if (!options.keepData) await wipe(ports);
  }

  /** The account was logged out, or its store was removed: streams complete, and calls reject. */
  lost(kept = false): void {
    this.closeAtOnce(new LoggedOutError(kept));
    this.leave(kept);
  }

  /**
   * A newer release has taken the store: this tab stops reading and writing, and another tab becomes the leader tab. Streams keep their last
   * values, and the connection becomes `stopped` (F09).
   */
  newerSchema({ code, message }: StoreError): void {
    this.stopMakingRoom();
    this.stopLooking();
    this.ports.log('warn', 'store-is-newer', { code, message });
    this.leader.retire({ code, message });
  }

  /** The stored data has vanished without a log-out: the engine closes, and the host finds the reason. */
  private vanish(notifyHost: () => void): void {
    this.closeAtOnce(new WipedError());
    notifyHost();
  }

  /** Data with which an engine on another store continues. */
  get carried(): Carried {
    return carriedOf(this.writer.model);
  }

  /** Generation of this engine's store. */
  get generation(): string {
    return this.writer.generation;
  }

  /** Resolves once the store has a complete snapshot, from this session or from an earlier one. */
  whenKnown(): Promise<void> {
    return whenKnown(this.writer);
  }

  /** Resolves once this store can show messages. A store restored without messages waits for the server. */
  whenFilled(): Promise<void> {
    if (!this.isRestored) return this.whenKnown();
    return new Promise((resolve) => void this.watched.add(this.leader.whenLive(resolve)));
  }

  /** Calls `fn` now, and after each change of the outbox or of the switches. */
  watchStanding(fn: (standing: Standing) => void): Cancel {
    return watchStanding(this.writer, fn);
  }

  /**
   * Stops sending and emitting.
   *
   * @param reason the error of every waiting `flush`. Without a reason, each flush answers with the entries sent so
   * far.
   */
  private end(reason?: LoggedOutError): void {
    this.endedBy ??= reason ?? null;
    this.flushes.end(reason);
    this.gate.shut();
    this.stopListening();
    this.stopMakingRoom();
    this.stopLooking();
    this.leader.stop();
    for (const end of this.watched) end();
    this.watched.clear();
  }

  /** Resolves when all requested writes are done and the store is closed, or when the store does not answer in time. */
  close(): Promise<void> {
    const { clock, store } = this.ports;
    this.end();
    return new Promise((resolve) => {
      const cancel = clock.timer(CLOSE_TIMEOUT_MS, resolve);
      const shut = (): void => {
        store.close();
        cancel();
        resolve();
      };
      // The number of the last delivered event is stored before, so no event is repeated.
      this.writer.drained().then(shut, shut);
    });
  }

  /** Closes the store without waiting for writes. */
  private closeAtOnce(reason: LoggedOutError): void {
    this.end(reason);
    this.ports.store.close();
  }
}
