/**
 * Decides which tab of an account syncs. Every tab is equal: the tab that holds the Web Lock is the leader tab, the others are followers.
 *
 *      follower tab                       leader tab                     server
 *     ┌────────────┐   status?, nudge    ┌────────────┐     frames     ┌────────┐
 *     │   Leader   │────────────────────▶│   Leader   │───────────────▶│        │
 *     │            │◀────────────────────│    Sync    │◀───────────────│        │
 *     └─────┬──────┘   status, resigned  └─────┬──────┘                └────────┘
 *           │ reads, enqueues                  │ writes under its fencing token
 *           ▼                                  ▼
 *     ┌───────────────────────────────────────────────┐
 *     │            the store, shared by all tabs      │
 *     └───────────────────────────────────────────────┘
 *
 * `leader-states.ts` draws the states, and decides what each event does. This file holds the lock, the timer, the fencing token and the bus.
 * A new leader first writes the next fencing token to the store, so that late writes of the leader before change nothing (I-19). The browser
 * passes the lock on when the leader tab ends. A follower steals the lock of a frozen tab. Without locks a tab leads if no leader answers it:
 * the fencing token alone keeps that safe.
 */
import { ReceiptsError } from '../../../errors.ts';
import type { InspectedEntry } from '../../../model/api/inspection.ts';
import type { OutboxEntry } from '../../../model/outbox-entry.ts';
import type { BusHint, Cancel, LeaderStatus, LifeEvent, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import { ObservableValue } from '../../../model/observable-value.ts';
import type { Writer } from '../../write/writer.ts';
import { type Effect, type Event, type State, type Surroundings, transition } from './leader-states.ts';
import { LeaderWatch } from './leader-watch.ts';
import type { Sync } from '../connection/sync.ts';
import { errorDetails } from '../../../logging.ts';

/** A tab that could not write its fencing token waits at least this long before the next attempt, and longer after each failure. */
const RETRY_FENCE_MS = 1000;

const NO_LEADER: LeaderStatus = { state: 'offline', retryAt: null, error: null, inFlight: 0 };

/** What an event carries: the other tab's status, this tab's fencing token, or the reason why none could be written. */
interface EventData {
  readonly status?: LeaderStatus;
  readonly fence?: number | null;
  readonly error?: unknown;
}

export class Leader {
  private state: State = 'stopped';
  /** The fencing token under which this tab leads, or null. */
  private fence: number | null = null;
  /** The status that another tab reported. */
  private heard = NO_LEADER;
  /** The status of the connection as every tab shows it: the leader's. */
  readonly status = new ObservableValue<LeaderStatus & { readonly leader: boolean }>({ ...NO_LEADER, leader: false });
  private readonly surroundings: Surroundings;
  private readonly watch: LeaderWatch;
  private readonly fenceBackoff: Backoff;
  private readonly ends: Cancel[] = [];
  private releaseLock: Cancel | null = null;
  private cancelRetry: Cancel | null = null;
  private abandonClaim: Cancel | null = null;

  constructor(
    private readonly ports: Ports,
    private readonly writer: Writer,
    private readonly sync: Sync,
    private readonly lockName: string,
  ) {
    const isAlone = ports.store.durability === 'volatile';
    this.surroundings = isAlone ? 'alone' : ports.bus.missing ? 'no-bus' : 'shared';
    this.fenceBackoff = new Backoff(ports.random);
    this.watch = new LeaderWatch(ports.clock, ports.random, {
      ask: () => ports.bus.post({ type: 'status?' }),
      silent: () => this.handle('leader-silent'),
    });
  }

  start(): void {
    const { bus, life } = this.ports;
    this.sync.deposed = () => this.handle('deposed');
    this.ends.push(
      this.sync.status.listen(() => {
        this.show();
        this.announce();
      }),
      bus.listen((hint) => this.hear(hint)),
      life.listen((event) => this.onPageLife(event)),
      this.writer.onChange(({ settings, outbox }) => {
        if (settings) this.handle('settings-changed');
        if (outbox && this.writer.model.outbox.size > 0) this.handle('work-pending');
      }),
    );
    this.handle('start');
  }

  stop(): void {
    this.handle('stop');
    for (const end of this.ends.splice(0)) end();
  }

  /** Stops for good, because this tab cannot do a leader's work any more. Other tabs may lead. */
  retire(error: NonNullable<LeaderStatus['error']>): void {
    this.stop();
    this.showHeard({ ...NO_LEADER, state: 'stopped', error });
  }

  get leads(): boolean {
    return this.fence !== null;
  }

  /** How often this tab has sent an entry, and its next try. A follower tab sends none. */
  attempts(entry: OutboxEntry): Pick<InspectedEntry, 'tries' | 'nextTryAt'> {
    return this.leads ? this.sync.session.sender.refusals.attempts(entry) : { tries: null, nextTryAt: null };
  }

  /** Calls `fn` when the leader tab is live, and each time it becomes live again. */
  whenLive(fn: () => void): Cancel {
    let wasLive = false;
    return this.status.listen(({ state }) => {
      const isNews = state === 'live' && !wasLive;
      wasLive = state === 'live';
      if (isNews) fn();
    });
  }

  /** Asks the leader, this tab or another one, to try the connection now. */
  nudge(): void {
    this.handle('nudge');
  }

  private handle(event: Event, data: EventData = {}): void {
    const { to, effects } = transition(this.surroundings, this.state, event);
    this.state = to;
    for (const effect of effects) this.run(effect, data);
  }

  private run(effect: Effect, { status = NO_LEADER, fence = null, error }: EventData): void {
    const { sync, watch } = this;
    const { bus } = this.ports;
    switch (effect) {
      case 'request-lock':
        return this.acquireLock(false);
      case 'steal-lock':
        return this.acquireLock(true);
      case 'release-lock':
        this.releaseLock?.();
        this.releaseLock = null;
        return;
      case 'watch':
        return watch.start();
      case 'stop-watch':
        return watch.stop();
      case 'check-leader':
        return watch.check();
      case 'check-leader-briefly':
        return watch.checkBriefly();
      case 'note-answer':
        return watch.answered();
      case 'take-fence':
        return this.takeFence();
      case 'abandon-claim':
        return this.abandonClaim?.();
      case 'hold-fence':
        this.fenceBackoff.succeeded();
        return this.lead(fence);
      case 'drop-fence':
        return this.lead(null);
      case 'arm-retry':
        return this.armRetry(error);
      case 'disarm-retry':
        return this.cancelRetry?.();
      case 'show-leader':
        return this.showHeard(status);
      case 'show-no-leader':
        return this.showHeard(NO_LEADER);
      case 'run-sync':
        return this.runSync();
      case 'stop-sync':
        return sync.stop();
      case 'nudge-sync':
        return sync.nudge();
      case 'announce':
        return this.announce();
      case 'announce-takeover':
        return bus.post({ type: 'status', status: NO_LEADER, fence: null });
      case 'announce-resigned':
        return bus.post({ type: 'resigned' });
      case 'nudge-leader':
        return bus.post({ type: 'nudge' });
    }
  }

  /** @param fence the fencing token under which this tab leads from here on; null: this tab leads no more. */
  private lead(fence: number | null): void {
    if (fence !== this.fence) this.ports.log('info', 'leader-changed', { leads: fence !== null, fence });
    this.fence = fence;
    this.show();
  }

  private showHeard(status: LeaderStatus): void {
    this.heard = status;
    this.show();
  }

  private show(): void {
    const { leads } = this;
    this.status.value = { ...(leads ? this.sync.status.value : this.heard), leader: leads };
  }

  private hear(hint: BusHint): void {
    if (this.surroundings === 'alone') return;
    switch (hint.type) {
      case 'status':
        return this.hearStatus(hint.status, hint.fence);
      case 'resigned':
        return this.handle('leader-resigned');
      case 'nudge':
        return this.handle('follower-nudged');
      case 'status?':
        return this.handle('status-asked');
      case 'changed':
      case 'logged-out':
        return;
    }
  }

  /** The higher fencing token leads. */
  private hearStatus(status: LeaderStatus, theirs: number | null): void {
    const ours = this.fence;
    if (ours === null) return this.handle('lead-claimed', { status });
    if (theirs === null || theirs === ours) return;
    this.handle(theirs > ours ? 'deposed' : 'old-leader-spoke', { status });
  }

  private onPageLife(event: LifeEvent): void {
    if (event === 'hidden') this.watch.hidden = true;
    if (event === 'visible') this.watch.hidden = false;
    if (event === 'parked') this.handle('park');
    else if (event === 'visible' || event === 'resumed' || event === 'online') this.handle('nudge');
  }

  private acquireLock(steal: boolean): void {
    this.releaseLock?.();
    this.releaseLock = this.ports.locks.acquire(this.lockName, {
      steal,
      onGranted: () => this.handle('lock-granted'),
      onLost: () => this.handle('lock-stolen'),
      onMissing: () => this.handle('locks-missing'),
    });
  }

  private takeFence(): void {
    // A tab may step down while its fencing token is being written. The tab then does not lead under this token.
    let isAbandoned = false;
    this.abandonClaim = () => (isAbandoned = true);
    this.writer.takeFence().then(
      (fence) => {
        if (!isAbandoned) this.handle('fence-taken', { fence });
      },
      (error: unknown) => {
        if (isAbandoned) return;
        this.ports.log('warn', 'fence-not-taken', errorDetails(error));
        this.handle('fence-failed', { error });
      },
    );
  }

  private armRetry(error: unknown): void {
    const { clock } = this.ports;
    const shown = error instanceof ReceiptsError ? { code: error.code, message: error.message } : null;
    const ms = this.fenceBackoff.failed(RETRY_FENCE_MS);
    this.showHeard({ ...NO_LEADER, retryAt: clock.wall() + ms, error: shown });
    this.cancelRetry = clock.timer(ms, () => this.handle('retry-due'));
  }

  /** Starts or stops the connection as the store says: a paused account stays paused after a restart. */
  private runSync(): void {
    const { fence } = this;
    if (fence === null) return;
    if (this.writer.model.paused) this.sync.stop();
    else this.sync.start(fence);
    this.announce();
  }

  private announce(): void {
    const { fence } = this;
    if (fence !== null && this.surroundings === 'shared') this.ports.bus.post({ type: 'status', status: this.sync.status.value, fence });
  }
}
