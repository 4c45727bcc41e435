/** A page's access to its own servers: see `support/browser-backend.ts`. */
import { firstValueFrom, filter, map, type Observable, raceWith, switchMap, timer } from 'rxjs';
import { inject } from 'vitest';
import { createReceiptClient, type ReceiptClient, type ReceiptClientOptions } from '../../src/index.ts';
import type { BackendCalls } from '../support/browser-backend.ts';

export const ask = async <K extends keyof BackendCalls>(name: K, asked: BackendCalls[K]['takes']): Promise<BackendCalls[K]['gives']> => {
  // A body of plain text needs no preflight.
  const response = await fetch(`${inject('backend')}/${name}`, { method: 'POST', body: JSON.stringify(asked) });
  if (!response.ok) throw new Error(`the backend's ${name} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as BackendCalls[K]['gives'];
};

/** A limit that is longer than any promise of the library. A measured time has a limit of its own. */
export const PATIENCE_MS = 15_000;

/** The allowed time of this machine now, if an idle machine takes `ms`. */
export const stretched = async (ms: number): Promise<number> => ms * (await ask('slowness', {})).times;

/** The first value that fits. */
export const until = <T>(stream$: Observable<T>, fits: (value: T) => boolean): Promise<T> => {
  // Made here, so that its stack names the line of the test.
  const tooLate = new Error(`nothing that fits came within ${PATIENCE_MS} ms, nor within what a busy machine adds`);
  const tooLate$ = timer(PATIENCE_MS).pipe(
    switchMap(() => stretched(PATIENCE_MS)),
    switchMap((ms) => timer(ms - PATIENCE_MS)),
    map((): T => {
      throw tooLate;
    }),
  );
  return firstValueFrom(stream$.pipe(filter(fits), raceWith(tooLate$)));
};

/** A receipt server, its network, and the clients of the test. */
export class Backend {
  readonly #open = new Set<ReceiptClient>();

  private constructor(readonly port: number) {}

  /** @param receipts the server's rules of group receipts. Default: every member may request them. */
  static async start(crew: readonly string[] = [], receipts: BackendCalls['start']['takes']['receipts'] = {}): Promise<Backend> {
    return new Backend((await ask('start', { crew, receipts })).port);
  }

  /** A server that refuses the pages of this origin. */
  static async startForeign(): Promise<Backend> {
    return new Backend((await ask('start', { foreign: true })).port);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/receipts`;
  }

  client(userId: string, more: Partial<ReceiptClientOptions> = {}): ReceiptClient {
    const client = createReceiptClient({ url: this.url, userId, getToken: () => `token-of-${userId}`, ...more });
    this.#open.add(client);
    return client;
  }

  /** A connected client after its catch-up. */
  async live(userId: string, more: Partial<ReceiptClientOptions> = {}): Promise<ReceiptClient> {
    const client = this.client(userId, more);
    await until(client.watchConnection(), ({ state }) => state === 'live');
    return client;
  }

  /** For a client that cannot be closed, because the test ends its worker. */
  forget(client: ReceiptClient): void {
    this.#open.delete(client);
  }

  /** Resets every connection, and every new one. */
  async cut(): Promise<void> {
    await ask('cut', { port: this.port });
  }

  async heal(): Promise<void> {
    await ask('heal', { port: this.port });
  }

  /** Frames of this type from pages, oldest first. */
  async sent<T extends object>(type: string): Promise<readonly T[]> {
    return (await ask('sent', { port: this.port, type })) as readonly T[];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((client) => client.close()));
    this.#open.clear();
    await ask('stop', { port: this.port });
  }
}
