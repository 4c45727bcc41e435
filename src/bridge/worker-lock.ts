/**
 * A lock that a worker holds until its end. A browser does not report a worker's death to the page, but it grants the
 * lock to the page.
 */
import type { Cancel } from '../ports/ports.ts';

/** Browsers provide locks in secure contexts only. */
const locks = (): LockManager | null => (typeof navigator !== 'undefined' && 'locks' in navigator ? navigator.locks : null);

/**
 * Called in the worker. @returns true once the worker holds the lock, which it keeps until its end; false if locks are
 * missing or refused.
 */
export const holdForLife = (name: string): Promise<boolean> =>
  new Promise((resolve) => {
    const manager = locks();
    if (!manager) return resolve(false);
    const never = new Promise<never>(() => undefined);
    manager
      .request(name, () => {
        resolve(true);
        return never;
      })
      .catch(() => resolve(false));
  });

/**
 * Called on the page, after the worker holds the lock. Waiting costs nothing and does not keep the page out of the
 * back/forward cache.
 *
 * @param unable called if the page cannot wait for the lock. The page must then detect the worker's death in another
 * way.
 * @returns a function that stops waiting.
 */
export const whenReleased = (name: string, fn: () => void, unable: () => void): Cancel => {
  const manager = locks();
  const abort = new AbortController();
  if (!manager) {
    unable();
    return () => undefined;
  }
  manager
    .request(name, { signal: abort.signal }, async () => {
      if (!abort.signal.aborted) fn();
    })
    .catch(() => {
      if (!abort.signal.aborted) unable();
    });
  return () => abort.abort();
};
