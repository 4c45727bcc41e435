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
 * What one body asks side by side, with `Promise.all`, is one statement too: its selects become one select, all writes of the round become one
 * write, and a write takes a select with it. So a select beside a write sees the rows as they were before the write.
 */
import type { SqlQuery, SqlRow } from './driver.ts';
import { forEach, INDEX, isJoinable, joinPuts, joinPutsAndSelect, joinSelects, partIn, timeIn, typesOf } from './joined-statements.ts';
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

/** A statement, and what becomes of its rows. */
interface Ask {
  readonly text: string;
  readonly params: readonly Param[];
  readonly settle: (rows: Rows) => void;
}

const selectOf = (calls: Equal): Ask => {
  const { text, params } = calls[0];
  // Bodies often ask for the same: all members of a group read its newest message.
  const keys = calls.map((call) => JSON.stringify(call.params));
  const distinct = [...new Map(calls.map((call, i) => [keys[i]!, call.params]))];
  if (distinct.length === 1)
    return {
      text,
      params,
      settle: (rows) => {
        for (const call of calls) call.settle(rows);
      },
    };
  const wants = distinct.map(([, list], i) => Object.fromEntries([[INDEX, i], ...list.map((param, p) => [`p${p + 1}`, param] as const)]));
  return {
    text: forEach(text, typesOf(params)),
    params: [JSON.stringify(wants)],
    settle: (rows) => {
      const found = new Map(distinct.map(([key]): [string, SqlRow[]] => [key, []]));
      const lists = [...found.values()];
      for (const row of rows) lists[Number(row[INDEX])]!.push(row);
      for (const [i, call] of calls.entries()) call.settle(found.get(keys[i]!)!);
    },
  };
};

const lockAll = async (query: SqlQuery, calls: Equal): Promise<void> => {
  const rows = await query(calls[0].text, [JSON.stringify([...new Set(calls.flatMap(({ list }) => list))])]);
  for (const { isOwn, settle } of calls) settle(rows.filter(isOwn));
};

/** All writes of the groups, with a select in the same statement if there is one. */
const putOf = (groups: readonly Equal[], select?: Ask): Ask => {
  // In one order, so the database prepares few texts.
  const ordered = [...groups].sort(([{ text: a }], [{ text: b }]) => (a < b ? -1 : Number(a > b)));
  const texts = ordered.map(([{ text }]) => text);
  const params = ordered.flatMap((calls) => [JSON.stringify(calls.flatMap(({ list }) => list)), ...calls[0].params]);
  return {
    text: select ? joinPutsAndSelect([...texts, select.text]) : texts.length === 1 ? texts[0]! : joinPuts(texts),
    params: [...params, ...(select?.params ?? [])],
    settle: (rows) => {
      for (const calls of groups) for (const call of calls) call.settle([]);
      select?.settle(rows);
    },
  };
};

/** The statements of a round behind its locks, in their order. */
const asksOf = (puts: readonly Equal[], selects: readonly Equal[]): readonly Ask[] => {
  const asks = selects.map(selectOf);
  const joined = puts.filter(([{ text }]) => isJoinable(text));
  const alone = puts.filter(([{ text }]) => !isJoinable(text));
  const beside = joined.length > 0 ? asks.find(({ text }) => isJoinable(text)) : undefined;
  return [
    ...alone.map((group) => putOf([group])),
    ...(joined.length > 0 ? [putOf(joined, beside)] : []),
    ...asks.filter((ask) => ask !== beside),
  ];
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
      for (const { text, params, settle } of asksOf(equal(of('put')), equal(joinedByBody([...of('select'), ...of('now')]))))
        settle(await query(text, params));
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
