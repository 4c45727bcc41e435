/**
 * Decides which tab sends. One tab holds the lock. A tab with something to send asks whether the holder answers, and takes the lock from a
 * frozen holder. The fencing token in the store stops the old holder after its thaw.
 *
 *     waiting ── lock granted, or no tab answers ──▶ claiming ── fencing token written ──▶ leading
 *        ▲                                              │                                    │
 *        └─────────────── token not written, or lock stolen, or a higher token seen ─────────┘
 */
import { LeaderWatch } from '../engine/sync/leader/leader-watch.ts';
import { backoffMs } from '../model/backoff.ts';
import type { BusPort, Cancel, ClockPort, LockPort, RandomPort } from '../ports/ports.ts';

/** The hints between tabs. A hint may be lost, doubled or late. */
export type OutboxHint =
  /** The store has changed. */
  | { readonly type: 'changed' }
  /** A tab with something to send asks whether a tab leads. */
  | { readonly type: 'leads?' }
  | { readonly type: 'leads' };

export interface LeadPorts {
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly locks: LockPort;
  readonly bus: BusPort<OutboxHint>;
}

export interface LeadHandlers {
  /** Writes the next fencing token, and reads the store. Resolves with the token. */
  readonly takeFence: () => Promise<number>;
  readonly leads: (fence: number) => void;
  readonly lost: () => void;
}

export class Lead {
  private release: Cancel | null = null;
  private cancelRetry: Cancel = () => undefined;
  private failures = 0;
  private isLeading = false;
  private hasLocks = true;
  private readonly watch: LeaderWatch;
  private readonly stopListening: Cancel;
  /** Number of the current claim. A fencing token of an earlier claim is ignored. */
  private claim = 0;

  constructor(
    private readonly name: string,
    private readonly ports: LeadPorts,
    private readonly handlers: LeadHandlers,
  ) {
    const { clock, random, bus } = ports;
    this.watch = new LeaderWatch(clock, random, { ask: () => bus.post({ type: 'leads?' }), silent: () => this.takeOver() });
    // Seldom, while there is nothing to send.
    this.watch.hidden = true;
    this.stopListening = bus.listen(({ type }) => {
      if (type === 'leads?' && this.isLeading) bus.post({ type: 'leads' });
      else if (type === 'leads' && !this.isLeading) this.watch.answered();
    });
  }

  start(): void {
    this.request(false);
  }

  stop(): void {
    this.drop();
    this.stopListening();
  }

  /** There is something to send: a following tab watches whether another tab leads. */
  work(): void {
    if (!this.isLeading && this.release) this.watch.check();
  }

  /** The store holds a higher fencing token: another tab leads. */
  deposed(): void {
    if (!this.isLeading) return;
    this.drop();
    this.handlers.lost();
    this.request(false);
  }

  private request(steal: boolean): void {
    this.drop();
    this.release = this.ports.locks.acquire(`tidemark-outbox:${this.name}`, {
      steal,
      onGranted: () => this.claims(),
      onLost: () => {
        this.handlers.lost();
        this.request(false);
      },
      // Without locks, a tab leads if no other tab answers. The fencing token keeps two leading tabs safe.
      onMissing: () => {
        this.hasLocks = false;
      },
    });
    this.watch.start();
  }

  private takeOver(): void {
    if (this.hasLocks) this.request(true);
    else this.claims();
  }

  private claims(): void {
    this.watch.stop();
    const claim = ++this.claim;
    this.handlers.takeFence().then(
      (fence) => {
        if (claim !== this.claim) return;
        this.failures = 0;
        this.isLeading = true;
        this.handlers.leads(fence);
      },
      () => {
        if (claim !== this.claim) return;
        this.drop();
        const ms = backoffMs(this.failures++, this.ports.random.next());
        this.cancelRetry = this.ports.clock.timer(ms, () => this.request(false));
      },
    );
  }

  private drop(): void {
    this.claim++;
    this.isLeading = false;
    this.watch.stop();
    this.cancelRetry();
    this.release?.();
    this.release = null;
  }
}
