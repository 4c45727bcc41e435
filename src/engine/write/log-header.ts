/**
 * The log header in the eyes of one writer: the generation of the store, the fencing token of the leader, and the
 * newest version.
 */
import { StoreError } from '../../errors.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { appendToLog, type LogRecord } from '../../log/log-record.ts';
import { type LogHeader, LOG_HEADER_KEY, SCHEMA, PAGES_INTACT_KEY } from '../../log/tables.ts';

/** Another tab has become the leader since: the write changed nothing (I-19). */
export class FencedError extends StoreError {
  constructor() {
    super('store/closed', 'another tab is the leader now; this write changed nothing');
  }
}

/** The account was logged out on this device since the writer opened the store. */
export class LoggedOutError extends StoreError {
  constructor(
    /** True if the log-out kept the data on the device. */
    readonly kept: boolean,
  ) {
    super('store/closed', 'this account was logged out; this write changed nothing');
  }
}

/** The data is gone, and no header records a log-out: the browser wiped the store, or this tab missed another tab's log-out. */
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
  /** The generation of the store at its opening. */
  private generation: string | null = null;
  /** Generation and fencing token as last read. The state holds `version` and `compactedUpTo`. */
  private lastRead: Pick<LogHeader, 'generation' | 'fence'> | null = null;

  constructor(
    private readonly on: {
      /** The account was logged out, or its store wiped, since the writer opened the store. */
      ended(end: LoggedOutError): void;
      /** A newer release of the app has written the store. */
      newerSchema(error: StoreError): void;
    },
  ) {}

  /** The generation of the opened store; null before the first read. */
  get openedGeneration(): string | null {
    return this.generation;
  }

  /** @throws {StoreError} `store/version-ahead`, or {@link LoggedOutError} or {@link WipedError}. */
  async read(tx: StoreTx): Promise<LogHeader | undefined> {
    const header = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader | undefined;
    if (header && header.schema > SCHEMA) {
      const error = new StoreError('store/version-ahead', 'a newer version of the app has written this data; reload the page');
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

  noteRead(header: Pick<LogHeader, 'generation' | 'fence'>): void {
    this.lastRead = header;
  }

  /** Raises the fencing token, inside a transaction over `meta`. From here on the writes of every older leader change nothing. */
  async takeFence(tx: StoreTx): Promise<number> {
    const header = await this.read(tx);
    if (!header) throw new StoreError('store/unavailable', 'the store of this account is gone; reload the page');
    tx.put('meta', LOG_HEADER_KEY, { ...header, fence: header.fence + 1 } satisfies LogHeader);
    return header.fence + 1;
  }

  noteFence(fence: number): void {
    if (this.lastRead) this.lastRead = { ...this.lastRead, fence };
  }

  /** The header as it is unless another tab has written since; undefined before the first read. */
  expected({ version, compactedUpTo }: Pick<LogHeader, 'version' | 'compactedUpTo'>): LogHeader | undefined {
    return this.lastRead
      ? { schema: SCHEMA, generation: this.lastRead.generation, version, compactedUpTo, fence: this.lastRead.fence }
      : undefined;
  }
}

/** Creates a store, inside a transaction over `meta` and `log`; `first` are the changes of its first record. */
export const createLogHeader = async (tx: StoreTx, generation: string, first: LogRecord['changes']): Promise<void> => {
  // Another tab may have created the store first.
  if (await tx.get('meta', LOG_HEADER_KEY)) return;
  const version = first.length > 0 ? 1 : 0;
  if (version > 0) appendToLog(tx, { version, changes: first });
  tx.put('meta', LOG_HEADER_KEY, { schema: SCHEMA, generation, version, compactedUpTo: 0, fence: 0 } satisfies LogHeader);
  tx.put('meta', PAGES_INTACT_KEY, true);
};
