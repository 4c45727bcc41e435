/**
 * The browser's implementations of the ports in a worker: clock, randomness, locks, and the messages to the page and to
 * other tabs.
 */
import { AuthError } from '../errors.ts';
import {
  MAX_TIMER_MS,
  TOKEN_TIMEOUT_MS,
  type BusHint,
  type BusPort,
  type Cancel,
  type ClockPort,
  type LifeEvent,
  type LifePort,
  type LockPort,
  type RandomPort,
  type TokenPort,
} from '../ports/ports.ts';

export const browserClock: ClockPort = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  timer(ms, fn) {
    const due = performance.now() + ms;
    let handle: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const left = due - performance.now();
      handle = setTimeout(left > MAX_TIMER_MS ? arm : fn, Math.min(Math.max(0, left), MAX_TIMER_MS));
    };
    arm();
    return () => clearTimeout(handle);
  },
};

/** The room left for this origin, by the browser's estimate; null where the browser has none, as in an insecure context. */
export const browserRoom = async (): Promise<number | null> => {
  const storage = navigator.storage as StorageManager | undefined;
  const { quota, usage } = (await storage?.estimate()) ?? {};
  return quota === undefined || usage === undefined ? null : quota - usage;
};

export const browserRandom: RandomPort = {
  next: () => crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
  // `crypto.randomUUID` exists in secure contexts only.
  id: () => crypto.getRandomValues(new Uint8Array(16)).reduce((id, byte) => id + byte.toString(16).padStart(2, '0'), ''),
};

export const browserLocks: LockPort = {
  acquire(name, { steal = false, onGranted, onLost, onMissing, onTaken }) {
    const abort = new AbortController();
    let release: () => void = () => abort.abort();
    let isHeld = false;
    let isOver = false;
    // Stealing requests and `ifAvailable` requests take no signal.
    const options = steal ? { steal } : onTaken ? { ifAvailable: true } : { signal: abort.signal };
    const until = (lock: Lock | null): Promise<void> => {
      if (isOver) return Promise.resolve();
      if (!lock) {
        isOver = true;
        onTaken?.();
        return Promise.resolve();
      }
      isHeld = true;
      onGranted();
      return new Promise<void>((resolve) => (release = resolve));
    };
    const request = 'locks' in navigator ? navigator.locks.request(name, options, until) : Promise.reject(new Error('no locks'));
    // The browser refuses locks to some pages, for example to one with an opaque origin.
    request.catch(() => {
      if (isOver) return;
      if (isHeld) onLost();
      else onMissing();
    });
    return () => {
      isOver = true;
      release();
    };
  },
};

export const browserBus = <Hint = BusHint>(name: string): BusPort<Hint> => {
  const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
  return {
    missing: channel === null,
    post: (hint) => channel?.postMessage(hint),
    listen(fn): Cancel {
      const listener = ({ data }: MessageEvent<Hint>): void => fn(data);
      channel?.addEventListener('message', listener);
      return () => channel?.removeEventListener('message', listener);
    },
  };
};

/**
 * Lifecycle events that the page forwards. A worker sees neither visibility nor thaw; a dedicated worker gets no
 * `online` event.
 */
export class PageLife implements LifePort {
  private readonly listeners = new Set<(event: LifeEvent) => void>();

  listen(fn: (event: LifeEvent) => void): Cancel {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  tell(event: LifeEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

export const pageToken = (page: { getToken(): Promise<unknown> }, clock: ClockPort): TokenPort => ({
  getToken: () =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new AuthError('auth/unavailable', `getToken ${why}; Tidemark asks again later`));
      const cancel = clock.timer(TOKEN_TIMEOUT_MS, () => fail(`did not answer within ${TOKEN_TIMEOUT_MS / 1000} s`));
      page.getToken().then(
        (token: unknown) => {
          cancel();
          if (typeof token === 'string' && token.length > 0) resolve(token);
          else fail('resolved without a non-empty text');
        },
        () => {
          // The app's error may contain a token, so its text is dropped.
          cancel();
          fail('rejected');
        },
      );
    }),
});
