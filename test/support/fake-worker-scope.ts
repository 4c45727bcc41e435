/** The part of a service worker's global scope used by the library, with the notifications on the screen of a browser. */
import type { ServiceWorkerScope, WindowOfApp } from '../../src/service-worker/options.ts';

export interface FakeNotification {
  readonly title: string;
  readonly tag: string;
  readonly options: NotificationOptions | undefined;
  close(): void;
}

export class FakeWorkerScope implements ServiceWorkerScope {
  readonly listeners = new Map<string, (event: Event) => void>();
  /** Every call of `showNotification`, in order. */
  readonly calls: { readonly title: string; readonly options: NotificationOptions | undefined }[] = [];
  /** The notifications visible to the user. */
  shown: FakeNotification[] = [];
  windows: WindowOfApp[] = [];
  readonly opened: string[] = [];
  /** Throws if the browser would refuse the notification. */
  check: (title: string, options: NotificationOptions | undefined) => void = () => undefined;

  addEventListener(type: string, listener: (event: Event) => void): void {
    this.listeners.set(type, listener);
  }

  readonly registration = {
    scope: 'https://app.example/',
    showNotification: async (title: string, options?: NotificationOptions): Promise<void> => {
      this.check(title, options);
      const tag = options?.tag ?? '';
      const notification = { title, tag, options, close: () => (this.shown = this.shown.filter((one) => one !== notification)) };
      this.calls.push({ title, options });
      this.shown = [...this.shown.filter((one) => tag === '' || one.tag !== tag), notification];
    },
    getNotifications: async (): Promise<readonly FakeNotification[]> => [...this.shown],
  };

  readonly clients = {
    matchAll: async (): Promise<readonly WindowOfApp[]> => this.windows,
    openWindow: async (url: string): Promise<null> => {
      this.opened.push(url);
      return null;
    },
  };

  /** Dispatches an event. @returns the promise awaited by the event; `undefined` if no listener took the event. */
  dispatch(type: string, event: object): Promise<unknown> | undefined {
    let done: Promise<unknown> | undefined;
    this.listeners.get(type)?.({ ...event, waitUntil: (work: Promise<unknown>) => (done = work) } as unknown as Event);
    return done;
  }

  push(data: object | string): Promise<unknown> {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    return this.dispatch('push', { data: { text: () => text } }) ?? Promise.resolve();
  }
}
