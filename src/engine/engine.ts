/** One account's engine in one tab: the lanes over one store. Whoever hosts it hands it its ports. */
import { distinctUntilChanged, filter, map, type Observable, Subject, take, takeUntil } from 'rxjs';
import { type StoreError, TransportError, UsageError } from '../errors.ts';
import type { IntentCall, Queries, QueryCall } from '../model/intents.ts';
import type { LogOut } from '../model/log-out.ts';
import type { Retention } from '../model/retention.ts';
import type { ConnectionStatus } from '../model/status.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { Account, Cancel, Ports } from '../ports/ports.ts';
import type { ReceiptSettings } from '../log/log-record.ts';
import { decideIntent, intentOptions } from './intents/intents.ts';
import { adopt, type Carried, carriedOf } from './account/migrate-pending.ts';
import { findInConversation } from './present/find-message.ts';
import { flush } from './account/flush.ts';
import { keepFresh } from './account/follow-other-tabs.ts';
import { setReceiptSettings } from './intents/switches.ts';
import { recordLogOut, silence, wipe } from './account/log-out.ts';
import { makeRoom } from './space/evict-messages.ts';
import { NetGate } from './net/net-gate.ts';
import { Ask } from './queries/ask.ts';
import { explainUnread } from './queries/explain-unread.ts';
import { fetchReadMembers } from './queries/members.ts';
import { fetchReceipts } from './queries/receipts.ts';
import { History } from './queries/history.ts';
import { Leader } from './sync/leader/leader.ts';
import { Sync } from './sync/connection/sync.ts';
import { TokenSource } from './net/token-source.ts';
import { RetentionLane } from './space/retention.ts';
import { Views } from './views/views.ts';
import { LoggedOutError, WipedError } from './write/log-header.ts';
import { Writer } from './write/writer.ts';

/** What is owed and switched, for whoever keeps note of it elsewhere. */
export interface Standing {
  readonly pendingReceipts: number;
  readonly paused: boolean;
  readonly settings: ReceiptSettings;
}

export interface EngineContext {
  /** Of an engine whose store came to an end, or of one that had none. */
  readonly carried?: Carried;
  /** Entries known to be lost with the store before this one, should it be made now: an event tells the app. */
  readonly lostEntries?: number;
  /** What was stored is gone, and no log-out was written down; the engine is closed then. Default: taken for a log-out. */
  readonly vanished?: () => void;
}

/** A store that does not answer by then is left to itself. */
const CLOSE_TIMEOUT_MS = 2000;

const loggedOut = (): UsageError => new UsageError('usage/closed', 'this account was logged out; create another client');

/** @throws what the caller is told. */
const refused = (error: unknown): never => {
  throw error instanceof LoggedOutError && !(error instanceof WipedError) ? loggedOut() : error;
};

export class Engine {
  private readonly closed$ = new Subject<void>();
  private readonly stopListening: Cancel;
  private stopMakingRoom: Cancel = () => undefined;
  private leave: (kept: boolean) => void = () => undefined;
  /** Ends each `flush` that waits: it answers with what was sent until then. */
  private readonly flushes = new Set<() => void>();
  /** Resolves when another tab has logged out, with whether it kept the data; this engine is closed then. */
  readonly loggedOut = new Promise<boolean>((resolve) => (this.leave = resolve));

  private constructor(
    private readonly ports: Ports,
    private readonly gate: NetGate,
    private readonly lockName: string,
    private readonly writer: Writer,
    private readonly leader: Leader,
    private readonly views: Views,
    private readonly history: History,
    private readonly ask: Ask,
    private readonly stopLooking: Cancel,
    context: EngineContext,
    /** What this store knows of the server's side is what the tab showed before, without the messages. */
    private readonly isRestored: boolean,
  ) {
    writer.loggedOut = (end) => {
      if (end instanceof WipedError && context.vanished) this.vanish(context.vanished);
      else this.lost(end.kept);
    };
    writer.newerSchema = (error) => this.newerSchema(error);
    gate.look = () =>
      writer.refresh().catch((error: unknown) => ports.log('could not read what another tab wrote before speaking to the server', error));
    writer.makeRoom = () => makeRoom(ports, writer);
    this.stopListening = ports.bus.listen((hint) => {
      if (hint.type === 'logged-out') this.lost(hint.kept);
    });
  }

  /**
   * @param lockName names the account's leadership across tabs.
   * @param retention what to keep of old messages; default: all.
   * @param around what came before this engine's store, and what to do should it come to an end.
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
    const ports: Ports = { ...given, net: gate };
    const lost = context.lostEntries ?? 0;
    const writer = await Writer.open(ports, account.userId, lost > 0 ? [{ type: 'storageLost', count: lost }] : []);
    const { carried } = context;
    const isRestored = carried ? await writer.write('adopt', { durability: 'strict' }, (draft) => adopt(draft, ports, carried)) : false;
    if (settings.deliveryReceipts !== undefined || settings.readReceipts !== undefined)
      await writer.write('settings', { durability: 'strict' }, (draft) => setReceiptSettings(draft, ports, settings));
    const tokens = new TokenSource(ports.token);
    const sync = new Sync(ports, account, writer, tokens);
    const leader = new Leader(ports, writer, sync, lockName);
    const ask = new Ask(ports, account, tokens);
    const history = new History(ports, writer, ask);
    const views = new Views(ports, writer, {
      leader$: leader.status$.pipe(map((status) => status)),
      opened: (conversationId, limit) => history.opened(conversationId, limit),
    });
    const reached = leader.status$
      .pipe(
        map(({ state }) => state === 'live'),
        distinctUntilChanged(),
      )
      .subscribe((isLive) => isLive && history.reached());
    const stopFresh = keepFresh(ports, writer, () => leader.leads);
    const stopLooking = (): void => {
      reached.unsubscribe();
      stopFresh();
    };
    const engine = new Engine(ports, gate, lockName, writer, leader, views, history, ask, stopLooking, context, isRestored);
    leader.start();
    if (retention.messagesPerConversation !== undefined || retention.days !== undefined)
      engine.stopMakingRoom = new RetentionLane(ports, writer, retention).start();
    return engine;
  }

  /** Writes down what the user did. Strict: resolves once flushed (I-1). */
  intent(call: IntentCall): Promise<unknown> {
    return this.writer.write(call.do, intentOptions(call), (draft) => decideIntent(draft, this.ports, call)).catch(refused);
  }

  /** Asks in the order of the calls: the answer knows every intent before it. */
  query(call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> {
    return this.writer.question(() => this.answer(call)).catch(refused);
  }

  private async answer(call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> {
    switch (call.do) {
      case 'loadOlderMessages':
        return this.history.loadOlder(...call.args);
      case 'seqOf': {
        const [conversationId, messageId] = call.args;
        return this.writer.readInOrder('seq-of', async (model, tx) => {
          const conversation = model.get(conversationId);
          return conversation ? ((await findInConversation(tx, conversation, [messageId])).get(messageId)?.seq ?? null) : null;
        });
      }
      case 'explainUnread':
        return explainUnread(this.writer.model, ...call.args);
      case 'fetchReceipts':
        this.requireSpeech();
        return fetchReceipts(this.ask, this.writer, ...call.args);
      case 'fetchReadMembers':
        this.requireSpeech();
        return fetchReadMembers(this.ask, ...call.args);
      case 'flush':
        return flush(this.ports, this.writer, () => this.leader.nudge(), ...call.args, this.flushes);
    }
  }

  /** A paused account asks nothing. */
  private requireSpeech(): void {
    if (this.writer.model.paused) throw new TransportError('transport/unreachable', 'this account is paused on this device');
  }

  /** Completes at `close()`. */
  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.views.watch(topic).pipe(takeUntil(this.closed$));
  }

  /**
   * Leaves the account. Once this resolves, nothing of it is sent from this device, every tab's streams have ended or end, and the store
   * is empty, unless it is kept; removing it is up to the host.
   *
   * @throws {TransportError} with `pending`, where something was not sent in time: nothing has changed.
   * @throws {UsageError} `usage/closed` where another tab logged out and kept what this one is to remove.
   */
  async logOut(options: LogOut): Promise<void> {
    const { ports, writer, leader } = this;
    let state: ConnectionStatus['state'] = 'offline';
    const seen = leader.status$.subscribe((status) => (state = status.state));
    const nudge = (): void => leader.nudge();
    try {
      const elsewhere = this.loggedOut.then((kept) => {
        throw new LoggedOutError(kept);
      });
      const recorded = writer.question(() => recordLogOut(ports, writer, nudge, () => state, this.answerFlushes, options));
      await Promise.race([recorded, elsewhere]);
    } catch (error) {
      if (!(error instanceof LoggedOutError)) throw error;
      if (error.kept && !options.keepData) throw loggedOut();
      return;
    } finally {
      seen.unsubscribe();
    }
    this.end();
    await silence(ports, this.lockName, options.keepData);
    if (!options.keepData) await wipe(ports);
  }

  /** The account was logged out, or its store removed: streams complete, calls find this closed. */
  lost(kept = false): void {
    this.closeAtOnce();
    this.leave(kept);
  }

  /**
   * A newer release has the store now: this tab reads and writes nothing any more, so others lead. Streams stay as they are, but for the
   * connection, which is `stopped` (F09).
   */
  newerSchema({ code, message }: StoreError): void {
    this.stopMakingRoom();
    this.stopLooking();
    this.leader.retire({ code, message });
  }

  /** What is stored is gone, and nobody logged out: silent from here on, until whoever hosts this finds out what it means. */
  private vanish(tell: () => void): void {
    this.closeAtOnce();
    tell();
  }

  /** What an engine on another store goes on with. */
  get carried(): Carried {
    return carriedOf(this.writer.model);
  }

  /** Of the store this engine runs on. */
  get generation(): string {
    return this.writer.generation;
  }

  /** Resolves once the server has said how everything stands, in this session or before. */
  whenKnown(): Promise<void> {
    const { writer } = this;
    return new Promise((resolve) => {
      const look = (): void =>
        writer.whenCommitted(() => {
          if (writer.model.cursor === null) return;
          stop();
          resolve();
        });
      const stop = writer.onChange(look);
      look();
    });
  }

  /** Resolves once messages can be shown from this store: where it was restored without them, once the server answers. */
  whenFilled(): Promise<void> {
    if (!this.isRestored) return this.whenKnown();
    const isLive$ = this.leader.status$.pipe(
      filter(({ state }) => state === 'live'),
      take(1),
      takeUntil(this.closed$),
    );
    return new Promise((resolve) => void isLive$.subscribe(() => resolve()));
  }

  /** Calls `fn` now, and whenever what is owed or switched may have changed. */
  watchStanding(fn: (standing: Standing) => void): Cancel {
    const { writer } = this;
    const look = (): void =>
      writer.whenCommitted(() =>
        fn({ pendingReceipts: writer.model.outbox.size, paused: writer.model.paused, settings: writer.model.settings }),
      );
    look();
    return writer.onChange(({ outbox, settings }) => {
      if (outbox || settings) look();
    });
  }

  private readonly answerFlushes = (): void => {
    for (const answer of [...this.flushes]) answer();
  };

  /** Nothing leaves from here on, and nothing more is shown. */
  private end(): void {
    this.answerFlushes();
    this.gate.shut();
    this.stopListening();
    this.stopMakingRoom();
    this.stopLooking();
    this.leader.stop();
    this.closed$.next();
    this.closed$.complete();
  }

  /** Resolves when all that was asked for is written and the store is closed, or does not answer. */
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
      // Last, after all that was asked for, and the note of what was heard: else the next start would tell it again.
      this.writer.write('close', { durability: 'relaxed' }, () => undefined).then(shut, shut);
    });
  }

  /** Nothing more is to be written here. */
  private closeAtOnce(): void {
    this.end();
    this.ports.store.close();
  }
}
