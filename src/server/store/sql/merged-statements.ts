/**
 * Runs several bodies side by side in one transaction. When each of them waits for a statement, equal statements become one:
 *
 *   ann: select S(1) ─┐
 *   bob: select S(2) ─┼─▶ one statement for 1, 2 and 3 ─▶ each body gets its own rows, and goes on
 *   cat: select S(3) ─┘
 *
 * So the transaction has as many statements as its longest body, for any number of bodies. The caller promises that
 * no body reads or writes a row of another body's writes.
 */
import type { SqlQuery, SqlRow } from './driver.ts';
import type { Param, Statements } from './statements.ts';

type Kind = 'lock' | 'put' | 'select';
type Rows = readonly SqlRow[];

interface Call {
  readonly kind: Kind;
  readonly text: string;
  readonly column: string;
  /** The keys of a lock, or the records of a put. */
  readonly list: readonly (Param | object)[];
  readonly params: readonly Param[];
  readonly settle: (rows: Rows) => void;
  readonly fail: (error: unknown) => void;
}

const INDEX = 'merged_body';
const typeOf = (param: Param): string => (typeof param === 'number' ? 'bigint' : 'text');

/** The statement for a list of parameters: each row also tells the index of its parameters in the list. */
export const forEach = (text: string, params: readonly Param[]): string => {
  const columns = params.map((param, i) => `p${i + 1} ${typeOf(param)}`).join(', ');
  const each = text.replaceAll(/\$(\d+)/g, 'merged.p$1');
  return `select merged.${INDEX}, found.* from json_to_recordset($1::text::json) as merged(${INDEX} int, ${columns}) cross join lateral (${each}) as found`;
};

const selectAll = async (query: SqlQuery, calls: readonly Call[]): Promise<readonly Rows[]> => {
  const { text, params } = calls[0]!;
  // Bodies often ask for the same: all members of a group read its newest message.
  const keys = calls.map((call) => JSON.stringify(call.params));
  const distinct = [...new Map(calls.map((call, i) => [keys[i]!, call.params]))];
  if (distinct.length === 1) {
    const rows = await query(text, params);
    return calls.map(() => rows);
  }
  const wants = distinct.map(([, list], i) => Object.fromEntries([[INDEX, i], ...list.map((param, p) => [`p${p + 1}`, param] as const)]));
  const found = new Map(distinct.map(([key]): [string, SqlRow[]] => [key, []]));
  const lists = [...found.values()];
  for (const row of await query(forEach(text, params), [JSON.stringify(wants)])) lists[Number(row[INDEX])]!.push(row);
  return keys.map((key) => found.get(key)!);
};

const lockAll = async (query: SqlQuery, calls: readonly Call[]): Promise<readonly Rows[]> => {
  const { text, column } = calls[0]!;
  const rows = await query(text, [JSON.stringify([...new Set(calls.flatMap(({ list }) => list))])]);
  return calls.map(({ list }) => {
    const own = new Set(list.map(String));
    return rows.filter((row) => own.has(String(row[column])));
  });
};

const putAll = async (query: SqlQuery, calls: readonly Call[]): Promise<readonly Rows[]> => {
  const { text, params } = calls[0]!;
  await query(text, [JSON.stringify(calls.flatMap(({ list }) => list)), ...params]);
  return calls.map(() => []);
};

const RUN = { lock: lockAll, put: putAll, select: selectAll };

class Rounds {
  private calls: Call[] = [];
  /** The bodies that wait for a statement. */
  private waiting = 0;
  /** The first failure that ends the whole transaction. */
  failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly query: SqlQuery,
    private running: number,
  ) {}

  /** The statements of one body. */
  of(body: { hasWritten: boolean }): Statements {
    let open = 0;
    const ask = (kind: Kind, text: string, rest: Partial<Call>): Promise<Rows> =>
      new Promise((resolve, reject) => {
        const back = (): void => {
          if (--open === 0) this.waiting--;
        };
        this.calls.push({
          kind,
          text,
          column: '',
          list: [],
          params: [],
          ...rest,
          settle: (rows) => {
            back();
            resolve(rows);
          },
          fail: (error) => {
            back();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        });
        if (++open === 1) this.waiting++;
        this.goOn();
      });
    return {
      select: (text, params = []) => ask('select', text, { params }),
      lock: (text, list, column) => ask('lock', text, { list, column }),
      put: async (text, list, params = []) => {
        if (list.length === 0) return;
        body.hasWritten = true;
        await ask('put', text, { list, params });
      },
      only: () => Promise.reject(new Error('this statement needs a transaction of its own')),
    };
  }

  ended(): void {
    this.running--;
    this.goOn();
  }

  private goOn(): void {
    if (this.running === 0 || this.waiting < this.running) return;
    const calls = this.calls;
    this.calls = [];
    void this.round(calls);
  }

  private async round(calls: readonly Call[]): Promise<void> {
    const groups = new Map<string, Call[]>();
    for (const call of calls) {
      // The parameters of a select differ, those of a put do not.
      const key = JSON.stringify([call.kind, call.text, call.kind === 'select' ? call.params.map(typeOf) : call.params]);
      const group = groups.get(key);
      if (group) group.push(call);
      else groups.set(key, [call]);
    }
    const found: (readonly [readonly Call[], readonly Rows[]])[] = [];
    try {
      // Locks come first, so that every transaction takes its locks in one order.
      for (const group of [...groups.values()].sort((a, b) => Number(b[0]!.kind === 'lock') - Number(a[0]!.kind === 'lock')))
        found.push([group, await RUN[group[0]!.kind](this.query, group)]);
    } catch (error) {
      this.failure ??= { error };
      for (const call of calls) call.fail(error);
      return;
    }
    for (const [group, rows] of found) for (const [i, call] of group.entries()) call.settle(rows[i]!);
  }
}

/**
 * Runs the bodies, each with its own outcome. @throws the failure of a statement, or the error of a body that has written: then the
 * transaction must be rolled back.
 */
export const runMerged = async <T>(
  query: SqlQuery,
  bodies: readonly ((statements: Statements) => Promise<T>)[],
): Promise<readonly PromiseSettledResult<T>[]> => {
  const rounds = new Rounds(query, bodies.length);
  const outcomes = await Promise.all(
    bodies.map(async (run): Promise<PromiseSettledResult<T>> => {
      const body = { hasWritten: false };
      try {
        return { status: 'fulfilled', value: await run(rounds.of(body)) };
      } catch (reason) {
        if (body.hasWritten) rounds.failure ??= { error: reason };
        return { status: 'rejected', reason };
      } finally {
        rounds.ended();
      }
    }),
  );
  if (rounds.failure) throw rounds.failure.error;
  return outcomes;
};
