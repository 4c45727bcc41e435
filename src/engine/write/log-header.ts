/** The journal's head as one writer knows it: whose store it is, who leads, and how far it goes. */
import { StoreError } from '../../errors.ts';
import type { ReceiptEvent } from '../../model/event.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { appendToLog } from '../../log/log-record.ts';
import { type LogHeader, HEAD_KEY, SCHEMA, PAGES_INTACT_KEY } from '../../log/tables.ts';

/** Another leader has come since: the write changed nothing (I-19). */
export class FencedError extends StoreError {
  constructor() {
    super('store/closed', 'another tab leads now; this write changed nothing');
  }
}

/** The account was logged out of here since this writer opened the store. */
export class LoggedOutError extends StoreError {
  constructor(
    /** The data was left where it is. */
    readonly kept: boolean,
  ) {
    super('store/closed', 'this account was logged out; this write changed nothing');
  }
}

/** What the store held is gone, and nobody wrote down a log-out: wiped by the browser, or removed with a log-out that was missed. */
export class WipedError extends LoggedOutError {
  constructor() {
    super(false);
  }
}

export const sameHeader = (a: LogHeader | undefined, b: LogHeader): boolean =>
  a?.version === b.version &&
  a.compactedUpTo === b.compactedUpTo &&
  a.fence === b.fence &&
  a.generation === b.generation &&
  a.schema === b.schema;

export class KnownHeader {
  /** The store's, as it was opened. */
  private generation: string | null = null;
  /** As last seen; version and `compactedUpTo` stand in the model. */
  private seen: Pick<LogHeader, 'generation' | 'fence'> | null = null;

  constructor(
    private readonly on: {
      /** Called when the store turns out to be no longer this writer's. */
      ended(end: LoggedOutError): void;
      /** Called when a newer release turns out to have written the store. */
      newerSchema(error: StoreError): void;
    },
  ) {}

  /** Of the store as it was opened; null before. */
  get openedGeneration(): string | null {
    return this.generation;
  }

  /** @throws {StoreError} `store/version-ahead`, or {@link LoggedOutError} or {@link WipedError}. */
  async read(tx: StoreTx): Promise<LogHeader | undefined> {
    const header = (await tx.get('meta', HEAD_KEY)) as LogHeader | undefined;
    if (header && header.schema > SCHEMA) {
      const error = new StoreError('store/version-ahead', 'this data was written by a newer version of the app; reload to get it');
      this.on.newerSchema(error);
      throw error;
    }
    const another = this.generation !== null && header?.generation !== this.generation;
    if (header?.ended || another) {
      const end = header?.ended ? new LoggedOutError(header.ended === 'kept') : new WipedError();
      this.on.ended(end);
      throw end;
    }
    this.generation = header?.generation ?? null;
    return header;
  }

  saw(header: Pick<LogHeader, 'generation' | 'fence'>): void {
    this.seen = header;
  }

  /** Takes the leader's number, inside a transaction over `meta`: every older leader's writes change nothing from here on. */
  async takeFence(tx: StoreTx): Promise<number> {
    const header = await this.read(tx);
    if (!header) throw new StoreError('store/unavailable', 'the store vanished');
    tx.put('meta', HEAD_KEY, { ...header, fence: header.fence + 1 } satisfies LogHeader);
    return header.fence + 1;
  }

  tookFence(fence: number): void {
    if (this.seen) this.seen = { ...this.seen, fence };
  }

  /** What it is if nobody else wrote since; undefined before it was seen. */
  expected({ version, compactedUpTo }: Pick<LogHeader, 'version' | 'compactedUpTo'>): LogHeader | undefined {
    return this.seen ? { schema: SCHEMA, generation: this.seen.generation, version, compactedUpTo, fence: this.seen.fence } : undefined;
  }
}

/** Makes a store, inside a transaction over `meta` and `log`; `news` are its first events. */
export const createLogHeader = async (tx: StoreTx, generation: string, news: readonly ReceiptEvent[]): Promise<void> => {
  // Another tab may have come first.
  if (await tx.get('meta', HEAD_KEY)) return;
  const version = news.length > 0 ? 1 : 0;
  if (version > 0) appendToLog(tx, { version, changes: news.map((event) => ({ t: 'event', event })) });
  tx.put('meta', HEAD_KEY, { schema: SCHEMA, generation, version, compactedUpTo: 0, fence: 0 } satisfies LogHeader);
  tx.put('meta', PAGES_INTACT_KEY, true);
};
