/** What only the page can see, told to the worker: visibility, thaw, network. */
import type { LifeEvent } from '../ports/ports.ts';

/** Whether the user can be reading this page now. */
export const isInView = (): boolean => document.visibilityState === 'visible' && document.hasFocus();

export const watchPage = (tell: (event: LifeEvent) => void): (() => void) => {
  const abort = new AbortController();
  const { signal } = abort;
  document.addEventListener('visibilitychange', () => tell(document.visibilityState === 'visible' ? 'visible' : 'hidden'), { signal });
  document.addEventListener('freeze', () => tell('parked'), { signal });
  document.addEventListener('resume', () => tell('resumed'), { signal });
  // Whether it is cached or gone for good: another tab may lead at once, and a lock would keep it out of the cache.
  addEventListener('pagehide', () => tell('parked'), { signal });
  window.addEventListener(
    'pageshow',
    (event: PageTransitionEvent) => {
      if (event.persisted) tell('resumed');
    },
    { signal },
  );
  addEventListener('online', () => tell('online'), { signal });
  addEventListener('offline', () => tell('offline'), { signal });
  // Opened in the background: nothing else would say so.
  if (document.visibilityState !== 'visible') tell('hidden');
  return () => abort.abort();
};

/** Calls `fn` when the page comes into view or leaves it. */
export const watchView = (fn: () => void): (() => void) => {
  const abort = new AbortController();
  const { signal } = abort;
  document.addEventListener('visibilitychange', fn, { signal });
  addEventListener('focus', fn, { signal });
  addEventListener('blur', fn, { signal });
  return () => abort.abort();
};
