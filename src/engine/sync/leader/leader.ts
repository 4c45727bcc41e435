/**
 * Every tab is equal; the one that holds the Web Lock syncs. It takes the next number in the store first, so that whoever led before
 * changes nothing any more, however late its writes come (I-19). The lock passes on by itself when its tab ends; from a tab that is
 * frozen it is stolen. Where there are no locks the tab leads that hears of nobody else: the number alone keeps that safe.
 */
import { BehaviorSubject, combineLatest, map, type Observable } from 'rxjs';
import { ReceiptsError } from '../../../errors.ts';
import type { BusHint, Cancel, LeaderStatus, LifeEvent, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { Writer } from '../../write/writer.ts';
import { LeaderWatch } from './leader-watch.ts';
import type { Sync } from '../connection/sync.ts';

/** A tab that could not write its number leaves the lead to the others for at least this long, and longer each time. */
const RETRY_FENCE_MS = 1000;

const NOBODY: LeaderStatus = { state: 'offline', retryAt: null, error: null, inFlight: 0 };

export class Leader {
  /** The number under which this tab leads, or null. */
  private readonly fence = new BehaviorSubject<number | null>(null);
  private readonly own = new BehaviorSubject<LeaderStatus>(NOBODY);
  private readonly heard = new BehaviorSubject<LeaderStatus>(NOBODY);
  /** The connection as every tab shows it: the leader's. */
  readonly status$: Observable<LeaderStatus & { readonly leader: boolean }> = combineLatest([this.fence, this.own, this.heard]).pipe(
    map(([fence, own, heard]) => ({ ...(fence === null ? heard : own), leader: fence !== null })),
  );
  private readonly ends: Cancel[] = [];
  private readonly watch: LeaderWatch;
  private releaseLock: Cancel | null = null;
  private cancelRetry: Cancel | null = null;
  private readonly fenceBackoff: Backoff;
  private isRunning = false;
  /** About to be frozen, cached or closed: others lead until this page is back. */
  private isParked = false;
  /** It holds the lock; or there are none, and nobody else leads. */
  private mayLead = false;
  private hasNoLocks = false;
  /** What this tab stores no other tab sees: it leads itself, and nobody else. */
  private readonly isAlone: boolean;
  /** A number asked for before this tab stepped down is not led under. */
  private attempt = 0;

  constructor(
    private readonly ports: Ports,
    private readonly writer: Writer,
    private readonly sync: Sync,
    private readonly lockName: string,
  ) {
    this.isAlone = ports.store.durability === 'volatile';
    this.fenceBackoff = new Backoff(ports.random);
    this.watch = new LeaderWatch(ports.clock, ports.random, {
      ask: () => ports.bus.post({ type: 'status?' }),
      silent: () => this.silent(),
    });
  }

  start(): void {
    const { bus, life } = this.ports;
    this.isRunning = true;
    const shown = combineLatest([this.sync.status$, this.sync.inFlight$]).subscribe(([status, inFlight]) => {
      this.own.next({ ...status, inFlight });
      this.announce();
    });
    const deposed = this.sync.deposed$.subscribe(() => this.deposed());
    this.ends.push(
      bus.listen((hint) => this.hear(hint)),
      life.listen((event) => this.live(event)),
      this.writer.onChange(({ settings, outbox }) => {
        if (settings) this.follow();
        if (outbox && this.writer.model.outbox.size > 0) this.watch.look();
      }),
      () => shown.unsubscribe(),
      () => deposed.unsubscribe(),
    );
    this.queue();
  }

  stop(): void {
    this.isRunning = false;
    this.leave();
    for (const end of this.ends.splice(0)) end();
  }

  /** For good: what this tab would do as a leader it can do no more, and others may. */
  retire(error: NonNullable<LeaderStatus['error']>): void {
    this.stop();
    this.heard.next({ ...NOBODY, state: 'stopped', error });
  }

  get leads(): boolean {
    return this.fence.value !== null;
  }

  /** Try now, whoever leads. */
  nudge(): void {
    if (!this.isRunning) return;
    if (this.isParked) return this.unpark();
    if (this.fence.value !== null) return this.sync.nudge();
    this.ports.bus.post({ type: 'nudge' });
    // Nobody can be asked, nobody can answer: the tab in use leads.
    if (this.hasNoLocks && this.ports.bus.missing) this.lead();
    else this.watch.look();
  }

  private hear(hint: BusHint): void {
    if (this.isAlone) return;
    const { fence } = this;
    if (hint.type === 'status') {
      if (fence.value === null) {
        this.heard.next(hint.status);
        this.watch.heard();
      } else if (hint.fence !== null && hint.fence > fence.value) this.deposed(hint.status);
      // One that was deposed does not know it yet.
      else if (hint.fence !== null && hint.fence < fence.value) this.announce();
    } else if (hint.type === 'resigned' && this.hasNoLocks) this.watch.hurry();
    // Asked by a follower; whoever does not lead leaves it to the one who does.
    else if (fence.value === null) return;
    else if (hint.type === 'nudge') this.sync.nudge();
    else if (hint.type === 'status?') this.announce();
  }

  private live(event: LifeEvent): void {
    if (event === 'hidden') this.watch.hidden = true;
    if (event === 'visible') this.watch.hidden = false;
    if (event === 'parked') this.park();
    else if (event === 'visible' || event === 'resumed' || event === 'online') this.nudge();
  }

  /** Waits for its turn, and sees to it that somebody leads until then. */
  private queue(): void {
    if (this.isAlone) {
      this.mayLead = true;
      return this.lead();
    }
    this.wishForLock(false);
    if (!this.ports.bus.missing) this.watch.start();
  }

  private wishForLock(steal: boolean): void {
    this.releaseLock?.();
    this.releaseLock = this.ports.locks.acquire(this.lockName, {
      steal,
      held: () => {
        this.mayLead = true;
        this.comes();
        this.lead();
      },
      lost: () => {
        // Stolen: whoever took it leads, and this tab waits again for its turn.
        this.stepDown();
        this.queue();
      },
      missing: () => {
        this.hasNoLocks = true;
        if (this.ports.bus.missing) this.lead();
        else this.watch.hurry();
      },
    });
  }

  /** Nobody leads. */
  private silent(): void {
    this.heard.next(NOBODY);
    if (this.mayLead || this.hasNoLocks) return this.lead();
    this.comes();
    this.wishForLock(true);
    // Until it is granted; and again, should it not be.
    this.watch.start();
  }

  /** Others who waited for the same leader hear at once that somebody comes. */
  private comes(): void {
    this.ports.bus.post({ type: 'status', status: NOBODY, fence: null });
  }

  private lead(): void {
    this.watch.stop();
    // What the leader before told of its connection is over.
    this.heard.next(NOBODY);
    const attempt = ++this.attempt;
    this.writer.takeFence().then(
      (fence) => {
        if (attempt !== this.attempt) return;
        this.fenceBackoff.succeeded();
        this.fence.next(fence);
        this.follow();
      },
      (error: unknown) => {
        if (attempt !== this.attempt) return;
        this.ports.log('could not take the lead', error);
        this.leave();
        const { clock } = this.ports;
        const shown = error instanceof ReceiptsError ? { code: error.code, message: error.message } : null;
        const ms = this.fenceBackoff.failed(RETRY_FENCE_MS);
        this.heard.next({ ...NOBODY, retryAt: clock.wall() + ms, error: shown });
        this.cancelRetry = clock.timer(ms, () => this.queue());
      },
    );
  }

  /** Somebody leads under a higher number. It may be for a moment only: once nobody answers, whoever holds the lock leads again. */
  private deposed(by: LeaderStatus = NOBODY): void {
    if (this.fence.value === null) return;
    this.sync.stop();
    this.heard.next(by);
    this.fence.next(null);
    if (this.isAlone) this.lead();
    else if (!this.ports.bus.missing) this.watch.start();
  }

  private stepDown(): void {
    this.attempt++;
    this.mayLead = false;
    this.sync.stop();
    // Before the number goes: a tab that led knows of no other leader.
    if (this.fence.value !== null) this.heard.next(NOBODY);
    this.fence.next(null);
  }

  /** Nothing of the lead is kept, and it is not asked for. */
  private leave(): void {
    const led = this.fence.value !== null;
    this.watch.stop();
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.stepDown();
    this.releaseLock?.();
    this.releaseLock = null;
    if (led && !this.isAlone) this.ports.bus.post({ type: 'resigned' });
  }

  private park(): void {
    this.isParked = true;
    this.leave();
  }

  private unpark(): void {
    this.isParked = false;
    this.queue();
    this.nudge();
  }

  /** As the store says: paused accounts send and receive nothing, after a restart as well. */
  private follow(): void {
    const fence = this.fence.value;
    if (fence === null) return;
    if (this.writer.model.paused) this.sync.stop();
    else this.sync.start(fence);
    this.announce();
  }

  private announce(): void {
    const fence = this.fence.value;
    if (fence !== null && !this.isAlone) this.ports.bus.post({ type: 'status', status: this.own.value, fence });
  }
}
