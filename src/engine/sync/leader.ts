/**
 * Every tab is equal; the one that holds the Web Lock syncs. It takes the next number in the store first, so that whoever led before
 * changes nothing any more, however late its writes come (I-19).
 */
import { BehaviorSubject, combineLatest, map, type Observable } from 'rxjs';
import type { Cancel, LeaderStatus, Ports } from '../../ports/ports.ts';
import type { Writer } from '../write.ts';
import type { Sync } from './sync.ts';

/** A leader that could not write its number tries again. */
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
  private releaseLock: Cancel | null = null;
  private holdsLock = false;

  constructor(
    private readonly ports: Ports,
    private readonly writer: Writer,
    private readonly sync: Sync,
    private readonly lockName: string,
  ) {}

  start(): void {
    const { bus, life } = this.ports;
    this.queue();
    this.ends.push(
      bus.listen((hint) => {
        if (hint.type === 'changed') this.refresh();
        else if (hint.type === 'status') this.heard.next(hint.status);
        // Asked by a follower; whoever does not hold the lock leaves it to the one who does.
        else if (this.holdsLock) {
          if (hint.type === 'nudge') this.nudge();
          else if (hint.type === 'status?') this.announce();
        }
      }),
      life.listen((event) => {
        if (event === 'hidden' || event === 'offline') return;
        // Hints may have been missed while frozen or hidden (F23).
        this.refresh();
        this.nudge();
      }),
      this.writer.onChange(({ settings }) => {
        if (settings) this.follow();
      }),
    );
    const shown = combineLatest([this.sync.status$, this.sync.inFlight$]).subscribe(([status, inFlight]) => {
      this.own.next({ ...status, inFlight });
      this.announce();
    });
    const deposed = this.sync.deposed$.subscribe(() => this.fence.next(null));
    this.ends.push(
      () => shown.unsubscribe(),
      () => deposed.unsubscribe(),
    );
    bus.post({ type: 'status?' });
  }

  stop(): void {
    this.stepDown();
    for (const end of this.ends.splice(0)) end();
    this.releaseLock?.();
  }

  /** Try now, whoever leads. */
  nudge(): void {
    if (!this.holdsLock) this.ports.bus.post({ type: 'nudge' });
    // Deposed by a number alone (a service worker's, or a tab where locks are missing): whoever is asked leads again.
    else if (this.fence.value === null) this.lead();
    else this.sync.nudge();
  }

  private refresh(): void {
    this.writer.refresh().catch((error: unknown) => this.ports.log('could not read what another tab wrote', error));
  }

  private queue(): void {
    this.releaseLock = this.ports.locks.acquire(
      this.lockName,
      () => {
        this.holdsLock = true;
        this.lead();
      },
      () => {
        // Stolen: whoever took it leads, and this tab waits again for its turn.
        if (this.ends.length === 0) return;
        this.stepDown();
        this.queue();
      },
    );
  }

  private stepDown(): void {
    this.holdsLock = false;
    this.sync.stop();
    this.fence.next(null);
  }

  private lead(): void {
    this.writer.takeFence().then(
      (fence) => {
        // Stopped or robbed meanwhile.
        if (this.ends.length === 0 || !this.holdsLock) return;
        this.fence.next(fence);
        this.follow();
      },
      (error: unknown) => {
        if (this.ends.length === 0) return;
        this.ports.log('could not take the lead', error);
        this.ends.push(this.ports.clock.timer(RETRY_FENCE_MS, () => this.lead()));
      },
    );
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
    if (this.fence.value !== null) this.ports.bus.post({ type: 'status', status: this.own.value });
  }
}
