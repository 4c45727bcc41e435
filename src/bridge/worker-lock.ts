/** A lock that a worker holds as long as it lives. Nothing else tells a page of a worker's death: whoever waits for the lock is told at once. */
import type { Cancel } from '../ports/ports.ts';

/** Missing outside secure contexts. */
const locks = (): LockManager | null => (typeof navigator !== 'undefined' && 'locks' in navigator ? navigator.locks : null);

/** In the worker. @returns whether it is held, and then until the worker ends; false where locks are missing or refused. */
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
 * On the page, once the worker holds it. Costs nothing while waiting, and does not keep a page out of the back/forward cache.
 *
 * @param unable where the lock cannot be waited for: the worker's death must be noticed in another way.
 * @returns how to stop waiting.
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
