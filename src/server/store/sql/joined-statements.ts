/**
 * The texts of statements that stand for several statements. Each text is made once: the database prepares it by its name, and a driver
 * looks its name up by the text.
 */
import type { SqlRow } from './driver.ts';
import type { Param } from './statements.ts';

/** Remembers what `make` made of each list of texts. */
const once = (make: (texts: readonly string[]) => string): ((texts: readonly string[]) => string) => {
  const made = new Map<string, string>();
  return (texts) => {
    const key = texts.join('\n;\n');
    let text = made.get(key);
    if (text === undefined) made.set(key, (text = make(texts)));
    return text;
  };
};

export const INDEX = 'merged_body';
const typeOf = (param: Param): string => (typeof param === 'number' ? 'bigint' : 'text');

/** The types of the parameters, in their order. */
export const typesOf = (params: readonly Param[]): string => params.map(typeOf).join(' ');

const forEachOf = once(([text = '', types = '']) => {
  const columns = types.split(' ').map((type, i) => `p${i + 1} ${type}`);
  const each = text.replaceAll(/\$(\d+)/g, 'merged.p$1');
  return `select merged.${INDEX}, found.* from json_to_recordset($1::text::json) as merged(${INDEX} int, ${columns.join(', ')}) cross join lateral (${each}) as found`;
});

/** The statement for a list of parameters: each row also tells the index of its parameters in the list. */
export const forEach = (text: string, types: string): string => forEachOf([text, types]);

/** The same statement with its parameters behind the first `before` ones. */
const behind = (text: string, before: number): string => text.replaceAll(/\$(\d+)/g, (_, n: string) => `$${Number(n) + before}`);
const paramsIn = (text: string): number => Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)));

/** The texts with the parameters of each text behind those of the texts before it. */
const inOneList = (texts: readonly string[]): readonly string[] => {
  let before = 0;
  return texts.map((text) => {
    const moved = behind(text, before);
    before += paramsIn(text);
    return moved;
  });
};

const AT = 'read_at';
const partOf = (i: number): string => `part_${i}`;

/** One row: the rows of each select as a JSON list, and the time of the statement. */
export const joinSelects = once((texts) => {
  const parts = inOneList(texts).map((text, i) => `(select json_agg(part) from (${text}) as part) as ${partOf(i)}`);
  return `select ${[...parts, `(extract(epoch from statement_timestamp()) * 1000)::bigint as ${AT}`].join(',\n')}`;
});

export const partIn = (row: SqlRow, i: number): readonly SqlRow[] => {
  const list = row[partOf(i)] ?? [];
  return (typeof list === 'string' ? JSON.parse(list) : list) as readonly SqlRow[];
};
export const timeIn = (row: SqlRow): number => Number(row[AT]);

const withPuts = (texts: readonly string[]): string => `with ${texts.map((text, i) => `put_${i} as (${text})`).join(',\n')}`;

/** One statement for several writes; see {@link isJoinable}. */
export const joinPuts = once((texts) => `${withPuts(inOneList(texts))} select`);

/** One statement for several writes and a select, the last text. The select sees the rows as they were before the writes. */
export const joinPutsAndSelect = once((texts) => {
  const moved = inOneList(texts);
  return `${withPuts(moved.slice(0, -1))} ${moved[moved.length - 1]!}`;
});

/** PostgreSQL allows a write within another statement at the top level alone. */
export const isJoinable = (text: string): boolean => !/^\s*with\b/.test(text);
