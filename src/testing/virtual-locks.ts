/** The Web Locks of one device: exclusive by name, granted in the order of the requests, released at the holder's death. */
import type { LockPort } from '../ports/ports.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** The delay before a tab learns of its stolen lock. */
const LATE_NEWS_MS = 20;

interface Asking {
  readonly process: VirtualProcess;
  readonly onGranted: () => void;
  readonly onLost: () => void;
}

export class VirtualLocks {
  /** True for a browser without locks. */
  areMissing = false;
  private readonly holders = new Map<string, Asking>();
  private readonly waiting = new Map<string, Asking[]>();

  holder(name: string): VirtualProcess | undefined {
    return this.holders.get(name)?.process;
  }

  port(process: VirtualProcess): LockPort {
    return {
      acquire: (name, { steal = false, onGranted, onLost, onMissing, onTaken }) => {
        if (this.areMissing) return process.later(0, 'finds no locks', onMissing);
        const holder = this.holders.get(name);
        if (onTaken && holder && !steal) return process.later(0, 'finds the lock taken', onTaken);
        const asking = { process, onGranted, onLost };
        const stop = process.onEnd(() => this.leave(name, asking));
        if (steal) {
          this.rob(name);
          this.grant(name, asking);
        } else if (holder) this.waiting.set(name, [...(this.waiting.get(name) ?? []), asking]);
        else this.grant(name, asking);
        return () => {
          stop();
          this.leave(name, asking);
        };
      },
    };
  }

  /** Takes the lock from its holder. */
  steal(process: VirtualProcess, name: string): () => void {
    this.rob(name);
    return this.take(process, name);
  }

  private rob(name: string): void {
    const robbed = this.holders.get(name);
    this.holders.delete(name);
    if (robbed) robbed.process.later(LATE_NEWS_MS, 'lost the lock', robbed.onLost);
  }

  private take(process: VirtualProcess, name: string): () => void {
    const asking = { process, onGranted: () => undefined, onLost: () => undefined };
    this.holders.set(name, asking);
    process.onEnd(() => this.leave(name, asking));
    return () => this.leave(name, asking);
  }

  private grant(name: string, asking: Asking): void {
    this.holders.set(name, asking);
    asking.process.later(0, 'holds the lock', () => {
      // The lock may have been released or stolen before the grant is reported.
      if (this.holders.get(name) === asking) asking.onGranted();
    });
  }

  private leave(name: string, asking: Asking): void {
    const queue = (this.waiting.get(name) ?? []).filter((one) => one !== asking);
    this.waiting.set(name, queue);
    if (this.holders.get(name) !== asking) return;
    this.holders.delete(name);
    const next = queue.shift();
    if (next) this.grant(name, next);
  }
}
