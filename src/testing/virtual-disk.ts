/**
 * A device's storage as a disk with faults. The disk records commits in order, so a power loss can take back commits
 * without a flush. Every transaction passes six points. At each point, a test may kill the tab or let the disk refuse.
 *
 *   begin ─▶ request (each answer) ─▶ commit ─▶ [committed] ─▶ complete ─▶ continue ─▶ after
 */
import { StoreError } from '../errors.ts';
import type { KeyRange, StoreKey, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { compareKeys } from '../store/memory-store.ts';
import { TABLES } from '../log/tables.ts';
import { asError, type VirtualProcess } from './virtual-process.ts';

/**
 * `begin`: before the first request · `request`: an answer is due · `commit`: all requests done, nothing stored ·
 * `complete`: stored, the tab does not know · `continue`: the result is on its way · `after`: the tab has the result.
 */
export type DiskPoint = 'begin' | 'request' | 'commit' | 'complete' | 'continue' | 'after';
/** The points of a transaction at which {@link VirtualDisk.trouble} may fail it. */
export const DISK_POINTS: readonly DiskPoint[] = ['begin', 'request', 'commit', 'complete', 'continue', 'after'];

/**
 * `abort`, `unknown`, `quota`: the transaction fails · `ahead`: newer code has changed the store · `hang`: the
 * transaction never ends · `die`: the tab dies here.
 */
export type DiskTrouble = 'abort' | 'unknown' | 'quota' | 'ahead' | 'hang' | 'die';

export type Write =
  | { readonly op: 'put'; readonly table: TableName; readonly key: StoreKey; readonly record: unknown }
  | { readonly op: 'delete'; readonly table: TableName; readonly key: StoreKey }
  | { readonly op: 'deleteRange'; readonly table: TableName; readonly range: KeyRange }
  | { readonly op: 'clear'; readonly table: TableName };

export interface Committed {
  readonly name: string;
  readonly process: VirtualProcess;
  readonly strict: boolean;
  readonly writes: readonly Write[];
}

interface Row {
  readonly key: StoreKey;
  readonly record: unknown;
}

export interface DiskOptions {
  /** Opens the real store below, once for each tab. */
  readonly open: (process: VirtualProcess) => Promise<StorePort>;
  /** Replaces all rows of the store below. */
  readonly replace: (rows: ReadonlyMap<TableName, ReadonlyMap<string, Row>>) => Promise<void>;
  /** True if the store below answers in steps of its own. False: each answer takes a step of virtual time. */
  readonly hasOwnSteps: boolean;
}

const RESERVE_BYTES = 1024;

const nameOf = (key: StoreKey): string => JSON.stringify(key);

/** The storage of a device, with faults. */
export class VirtualDisk {
  /** The committed rows, by key as text. */
  readonly rows = new Map<TableName, Map<string, Row>>(TABLES.map((name) => [name, new Map()]));
  /** The undo steps of the commits since the last flush, newest last. */
  private unflushed: (() => void)[][] = [];
  /** Returns the trouble at each point of each transaction. */
  trouble: (point: DiskPoint, name: string, process: VirtualProcess) => DiskTrouble | null = () => null;
  /** The delay before a transaction begins, in milliseconds. */
  latencyMs: () => number = () => 0;
  /** The room left on the disk, in bytes; null if the device does not tell. */
  room: number | null = null;
  /** Called with what each transaction has written. */
  committed: (what: Committed) => void = () => undefined;
  /** Called after a power loss or a wipe. `rows` then holds the rest. */
  lost: () => void = () => undefined;

  private readonly inFlight = new Set<Promise<unknown>>();

  constructor(private readonly options: DiskOptions) {}

  /** Reads a stored value, without a transaction. */
  get(table: TableName, key: StoreKey): unknown {
    return this.rows.get(table)!.get(nameOf(key))?.record;
  }

  private apply(writes: readonly Write[]): (() => void)[] {
    const undo: (() => void)[] = [];
    const set = (table: TableName, id: string, row: Row | undefined): void => {
      const rows = this.rows.get(table)!;
      const before = rows.get(id);
      undo.push(() => void (before ? rows.set(id, before) : rows.delete(id)));
      if (row) rows.set(id, row);
      else rows.delete(id);
    };
    for (const write of writes)
      if (write.op === 'put') set(write.table, nameOf(write.key), write);
      else if (write.op === 'delete') set(write.table, nameOf(write.key), undefined);
      else
        for (const [id, { key }] of this.rows.get(write.table)!)
          if (write.op === 'clear' || (compareKeys(key, write.range.from) >= 0 && compareKeys(key, write.range.upTo) <= 0))
            set(write.table, id, undefined);
    return undo;
  }

  /** The number of commits that a power loss may take back. */
  get atRisk(): number {
    return this.unflushed.length;
  }

  /** Takes back the newest `count` commits without a flush. All tabs must be dead. */
  async losePower(count: number): Promise<void> {
    await this.settled();
    for (const undo of this.unflushed.slice(Math.max(0, this.unflushed.length - count)).reverse())
      for (const step of undo.reverse()) step();
    this.unflushed = [];
    await this.options.replace(this.rows);
    this.lost();
  }

  /** Deletes all rows. Running tabs find another store. */
  async wipe(): Promise<void> {
    await this.settled();
    for (const rows of this.rows.values()) rows.clear();
    this.unflushed = [];
    await this.options.replace(this.rows);
    this.lost();
  }

  /** Resolves when all running transactions have ended. */
  private async settled(): Promise<void> {
    await Promise.allSettled([...this.inFlight]);
  }

  /** Opens the store for one tab. */
  async open(process: VirtualProcess): Promise<StorePort> {
    const inner = await this.options.open(process);
    process.onEnd(() => inner.close());
    return {
      durability: 'durable',
      reserveBytes: RESERVE_BYTES,
      tx: (name, tables, mode, durability, body) => this.transact(inner, process, name, tables, mode, durability === 'strict', body),
      room: () => Promise.resolve(this.room),
      close: () => inner.close(),
    };
  }

  private transact<T>(
    inner: StorePort,
    process: VirtualProcess,
    name: string,
    tables: readonly TableName[],
    mode: 'readonly' | 'readwrite',
    strict: boolean,
    body: (tx: StoreTx) => Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const writes: Write[] = [];
      /** @returns true to go on. Throws if the disk refuses. */
      const passes = (point: DiskPoint): boolean => {
        const trouble = this.trouble(point, name, process);
        if (trouble === null) return process.alive;
        process.time.note(`${process.name} ${name} ${point}: ${trouble}`);
        if (trouble === 'die') process.kill();
        else if (trouble === 'quota') throw new StoreError('store/quota-exceeded', 'this device has no room left; nothing was written');
        else if (trouble === 'ahead') throw new StoreError('store/version-ahead', 'newer code has opened this store; reload');
        else if (trouble === 'abort' || trouble === 'unknown') throw new StoreError('store/unavailable', `IndexedDB failed: ${trouble}`);
        else return false;
        return false;
      };
      const fail = (error: unknown): void => {
        process.later(0, `${name} failed`, () => reject(asError(error)));
      };
      process.below(this.latencyMs(), `${name} begins`, () => {
        try {
          if (!passes('begin')) return;
        } catch (error) {
          return fail(error);
        }
        let hung = false;
        const done = inner.tx(name, tables, mode, strict ? 'strict' : 'relaxed', async (tx) => {
          const result = await body(this.watched(tx, process, writes, name, passes));
          hung = !passes('commit');
          // The transaction of a dead tab or a hanging transaction never commits.
          if (hung) throw new StoreError('store/closed', 'the tab is gone');
          return result;
        });
        this.inFlight.add(done);
        const ended = (): void => void this.inFlight.delete(done);
        done.then(ended, ended);
        done.then(
          (result) => {
            if (mode === 'readwrite' && writes.length > 0) this.keep({ name, process, strict, writes });
            // The transaction is committed. From here on, only the report to the tab may fail.
            if (!this.told(process, name, 'complete')) return;
            process.later(0, `${name} done`, () => {
              if (!this.told(process, name, 'continue')) return;
              resolve(result);
              process.below(0, `${name} heard`, () => void this.told(process, name, 'after'));
            });
          },
          (error: unknown) => {
            if (!hung) fail(error);
          },
        );
      });
    });
  }

  private told(process: VirtualProcess, name: string, point: DiskPoint): boolean {
    if (this.trouble(point, name, process) === 'die') {
      process.time.note(`${process.name} ${name} ${point}: die`);
      process.kill();
    }
    return process.alive;
  }

  private keep(what: Committed): void {
    const undo = this.apply(what.writes);
    this.unflushed = what.strict ? [] : [...this.unflushed, undo];
    this.committed(what);
  }

  private watched(tx: StoreTx, process: VirtualProcess, writes: Write[], name: string, passes: (point: DiskPoint) => boolean): StoreTx {
    const gone = (): StoreError => new StoreError('store/closed', 'the tab is gone');
    const answer = <T>(asked: Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        const stop = process.onEnd(() => reject(gone()));
        const hand = (value: T): void => {
          stop();
          try {
            if (passes('request')) resolve(value);
            else if (!process.alive) reject(gone());
            // A hanging request ends with its tab.
            else process.onEnd(() => reject(gone()));
          } catch (error) {
            reject(asError(error));
          }
        };
        asked.then((value) => {
          if (!process.alive) return reject(gone());
          if (this.options.hasOwnSteps) hand(value);
          else process.below(0, `${name} answers`, () => hand(value));
        }, reject);
      });
    return {
      get: (table, key) => answer(tx.get(table, key)),
      getMany: (table, keys) => answer(tx.getMany(table, keys)),
      range: (table, range) => answer(tx.range(table, range)),
      keys: (table, range) => answer(tx.keys(table, range)),
      put: (table, key, record) => {
        tx.put(table, key, record);
        writes.push({ op: 'put', table, key, record });
      },
      putMany: (table, keys, records) => {
        tx.putMany(table, keys, records);
        keys.forEach((key, i) => writes.push({ op: 'put', table, key, record: records[i] }));
      },
      delete: (table, key) => {
        tx.delete(table, key);
        writes.push({ op: 'delete', table, key });
      },
      deleteRange: (table, range) => {
        tx.deleteRange(table, range);
        writes.push({ op: 'deleteRange', table, range });
      },
      clear: (table) => {
        tx.clear(table);
        writes.push({ op: 'clear', table });
      },
    };
  }
}
