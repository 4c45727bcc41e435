/** Makes the page itself load offline: a service worker keeps the built files. The library keeps the data. */

/** False under Vite's dev server, which builds no service worker. */
declare const DEMO_IS_BUILT: boolean;

export const registerOffline = (): void => {
  if (!DEMO_IS_BUILT || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/service-worker.js', { updateViaCache: 'none' }).catch((error: unknown) => {
    // Without the service worker, the page needs the server to load; all other features work. Only a developer can mend the cause.
    console.warn('No service worker: this page will not load offline', error);
  });
};
