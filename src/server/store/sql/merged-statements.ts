/**
 * Runs several bodies side by side in one transaction. When each of them waits for a statement, equal statements become one:
 *
 *   ann: select S(1) ─┐
 *   bob: select S(2) ─┼─▶ one statement for 1, 2 and 3 ─▶ each body gets its own rows, and goes on
 *   cat: select S(3) ─┘
 *
 * So the transaction has as many statements as its longest body, for any number of bodies. The caller promises that
 * no body reads or writes a row of another body's writes.
 *
 * What one body asks side by side, with `Promise.all`, is one statement too: its selects become one select, and all writes of the round
 * become one write.
 */
import type { SqlQuery, SqlRow } from './driver.ts';
import { forEach, INDEX, isJoinable, joinPuts, joinSelects, partIn, timeIn, typesOf } from './joined-statements.ts';
import type { Param, Statements } from './statements.ts';

type Kind = 'lock' | 'now' | 'put' | 'select';
type Rows = readonly SqlRow[];

interface Call {
  readonly body: object;
  readonly kind: Kind;
  readonly text: string;
  /** The keys of a lock, or the records of a put. */
  readonly list: readonly (Param | object)[];
  readonly params: readonly Param[];
  /** Whether a locked row is of this call. */
  readonly isOwn: (row: SqlRow) => boolean;
  readonly settle: (rows: Rows) => void;
  readonly fail: (error: unknown) => void;
}

/** Calls with the same text, and parameters of the same types. */
type Equal = readonly [Call, ...Call[]];

const selectAll = async (query: SqlQuery, calls: Equal): Promise<void> => {
  const { text, params } = calls[0];
  // Bodies often ask for the same: all members of a group read its newest message.
  const keys = calls.map((call) => JSON.stringify(call.params));
  const distinct = [...new Map(calls.map((call, i) => [keys[i]!, call.params]))];
  if (distinct.length === 1) {
    const rows = await query(text, params);
    for (const call of calls) call.settle(rows);
    return;
  }
  const wants = distinct.map(([, list], i) => Object.fromEntries([[INDEX, i], ...list.map((param, p) => [`p${p + 1}`, param] as const)]));
  const found = new Map(distinct.map(([key]): [string, SqlRow[]] => [key, []]));
  const lists = [...found.values()];
  for (const row of await query(forEach(text, typesOf(params)), [JSON.stringify(wants)])) lists[Number(row[INDEX])]!.push(row);
  for (const [i, call] of calls.entries()) call.settle(found.get(keys[i]!)!);
};

const lockAll = async (query: SqlQuery, calls: Equal): Promise<void> => {
  const rows = await query(calls[0].text, [JSON.stringify([...new Set(calls.flatMap(({ list }) => list))])]);
  for (const { isOwn, settle } of calls) settle(rows.filter(isOwn));
};

const putAll = async (query: SqlQuery, groups: readonly Equal[]): Promise<void> => {
  // In one order, so the database prepares few texts.
  const ordered = [...groups].sort(([{ text: a }], [{ text: b }]) => (a < b ? -1 : Number(a > b)));
  const params = ordered.flatMap((calls) => [JSON.stringify(calls.flatMap(({ list }) => list)), ...calls[0].params]);
  const [{ text }] = ordered[0]!;
  await query(ordered.length === 1 ? text : joinPuts(ordered.map(([one]) => one.text)), params);
  for (const calls of groups) for (const call of calls) call.settle([]);
};

/** The selects of each body as one call. What a round reads has one time. */
const joinedByBody = (calls: readonly Call[]): readonly Call[] => {
  const of = new Map<object, Call[]>();
  for (const call of calls) {
    const list = of.get(call.body);
    if (list) list.push(call);
    else of.set(call.body, [call]);
  }
  let at: Rows | undefined;
  return [...of.values()].map((list): Call => {
    const selects = list.filter(({ kind }) => kind === 'select');
    if (selects.length === list.length && list.length === 1) return list[0]!;
    return {
      ...list[0]!,
      kind: 'select',
      text: joinSelects(selects.map(({ text }) => text)),
      params: selects.flatMap(({ params }) => params),
      settle: ([row = {}]) => {
        at ??= [row];
        for (const [i, select] of selects.entries()) select.settle(partIn(row, i));
        for (const call of list) if (call.kind === 'now') call.settle(at);
      },
      fail: (error) => {
        for (const call of list) call.fail(error);
      },
    };
  });
};

const equal = (calls: readonly Call[]): readonly Equal[] => {
  const byText = new Map<string, Map<string, [Call, ...Call[]]>>();
  for (const call of calls) {
    // The parameters of a select differ, those of a put do not.
    const key = call.kind === 'select' ? typesOf(call.params) : JSON.stringify(call.params);
    let groups = byText.get(call.text);
    if (!groups) byText.set(call.text, (groups = new Map<string, [Call, ...Call[]]>()));
    const group = groups.get(key);
    if (group) group.push(call);
    else groups.set(key, [call]);
  }
  return [...byText.values()].flatMap((groups) => [...groups.values()]);
};

class Rounds {
  private calls: Call[] = [];
  /** The bodies that wait for a statement. */
  private waiting = 0;
  private isRound = false;
  /** The first failure that ends the whole transaction. */
  failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly query: SqlQuery,
    private running: number,
    private readonly only: SqlQuery,
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
          body,
          kind,
          text,
          list: [],
          params: [],
          isOwn: () => false,
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
      now: async () => timeIn((await ask('now', '', {}))[0]!),
      lock: (text, list, isOwn) => ask('lock', text, { list, isOwn }),
      put: async (text, list, params = []) => {
        if (list.length === 0) return;
        body.hasWritten = true;
        await ask('put', text, { list, params });
      },
      only: this.only,
    };
  }

  ended(): void {
    this.running--;
    this.goOn();
  }

  private goOn(): void {
    if (this.isRound || this.running === 0 || this.waiting < this.running) return;
    this.isRound = true;
    // The last body may ask for more in the same moment.
    queueMicrotask(() => {
      const calls = this.calls;
      this.calls = [];
      void this.round(calls);
    });
  }

  private async round(calls: readonly Call[]): Promise<void> {
    const { query } = this;
    const waiting = new Set(calls);
    const settled: (() => void)[] = [];
    // All bodies go on together, after the last statement.
    const later = calls.map((call): Call => ({ ...call, settle: (rows) => settled.push(() => call.settle(rows)) }));
    const of = (kind: Kind): readonly Call[] => later.filter((call) => call.kind === kind);
    try {
      // Locks come first, so that every transaction takes its locks in one order.
      for (const group of equal(of('lock'))) await lockAll(query, group);
      const puts = equal(of('put'));
      const [alone, joined] = [puts.filter(([{ text }]) => !isJoinable(text)), puts.filter(([{ text }]) => isJoinable(text))];
      for (const groups of [...alone.map((group) => [group]), joined]) if (groups.length > 0) await putAll(query, groups);
      for (const group of equal(joinedByBody([...of('select'), ...of('now')]))) await selectAll(query, group);
    } catch (error) {
      this.failure ??= { error };
      this.isRound = false;
      for (const call of waiting) call.fail(error);
      return;
    }
    this.isRound = false;
    for (const settle of settled) settle();
    // A body may have asked while the round was on its way.
    if (this.calls.length > 0) this.goOn();
  }
}

const run = async <T>(
  query: SqlQuery,
  bodies: readonly ((statements: Statements) => Promise<T>)[],
  only: SqlQuery,
): Promise<readonly PromiseSettledResult<T>[]> => {
  const rounds = new Rounds(query, bodies.length, only);
  const outcomes = await Promise.all(
    bodies.map(async (one): Promise<PromiseSettledResult<T>> => {
      const body = { hasWritten: false };
      try {
        return { status: 'fulfilled', value: await one(rounds.of(body)) };
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

/**
 * Runs the bodies, each with its own outcome. @throws the failure of a statement, or the error of a body that has written: then the
 * transaction must be rolled back.
 */
export const runMerged = <T>(
  query: SqlQuery,
  bodies: readonly ((statements: Statements) => Promise<T>)[],
): Promise<readonly PromiseSettledResult<T>[]> =>
  run(query, bodies, () => Promise.reject(new Error('this statement needs a transaction of its own')));

/** Runs one body, with any statement. */
export const runAlone = async <T>(query: SqlQuery, body: (statements: Statements) => Promise<T>): Promise<T> => {
  const [outcome] = await run(query, [body], query);
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  return outcome.value;
};
