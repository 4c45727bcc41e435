/** The page itself offline: a service worker keeps the built files. The library keeps the rest. */

/** False under Vite's dev server, which has no service worker to give. */
declare const DEMO_IS_BUILT: boolean;

export const registerOffline = (): void => {
  if (!DEMO_IS_BUILT || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/service-worker.js', { updateViaCache: 'none' }).catch((error: unknown) => {
    // Without it the page needs the server to load; everything else works.
    console.warn('No service worker: this page will not load offline', error);
  });
};
