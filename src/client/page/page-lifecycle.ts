/** Forwards page events to the worker, which cannot see them: visibility, thaw, network. */
import type { Cancel, LifeEvent } from '../../ports/ports.ts';

export const watchPage = (tell: (event: LifeEvent) => void): (() => void) => {
  const abort = new AbortController();
  const { signal } = abort;
  document.addEventListener('visibilitychange', () => tell(document.visibilityState === 'visible' ? 'visible' : 'hidden'), { signal });
  document.addEventListener('freeze', () => tell('parked'), { signal });
  document.addEventListener('resume', () => tell('resumed'), { signal });
  // The page is cached or closed. In both cases another tab may become the leader at once, and a held lock would
  // prevent caching.
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
  // A page opened in the background fires no event.
  if (document.visibilityState !== 'visible') tell('hidden');
  return () => abort.abort();
};

/** The page in front of the user. */
export interface PageView {
  /** True if the user can read the page now. */
  isViewed(): boolean;
  /** Calls `fn` when the answer of {@link PageView.isViewed} may have changed. @returns stops it. */
  watch(fn: () => void): Cancel;
}

/** The user can read a page that is visible and has the focus. */
export const browserView: PageView = {
  isViewed: () => document.visibilityState === 'visible' && document.hasFocus(),
  watch(fn) {
    const abort = new AbortController();
    const { signal } = abort;
    document.addEventListener('visibilitychange', fn, { signal });
    addEventListener('focus', fn, { signal });
    addEventListener('blur', fn, { signal });
    return () => abort.abort();
  },
};
