/** The conversations that a user calls by these ids, in the SQL store. */
import { type ConversationId, conversationTarget } from '../../../model/ids.ts';
import { sortedPair } from '../records.ts';
import type { SqlQuery } from './driver.ts';
import { int } from './rows.ts';

export const pairsOf = (me: string, peers: readonly string[]): readonly { readonly a: string; readonly b: string }[] =>
  [...new Set(peers)].map((peer) => {
    const [a, b] = sortedPair(me, peer);
    return { a, b };
  });

const member = (me: string): string => `select from tidemark.member m where m.conversation_id = g.id and m.user_id = ${me}`;

/** The groups with a row of `me`, and those in `$3`. */
const GROUPS = `
  select g.id from json_array_elements_text($1::text::json) as w join tidemark.conversation g on g.group_id = w.value
  where exists (${member('$2')}) or w.value in (select value from json_array_elements_text($3::text::json))`;

/** Of groups only those with `me` as a member now. */
export const NAMED = `
  select c.* from tidemark.conversation c where c.id in (
    select d.id from json_to_recordset($1::text::json) as w(a text, b text)
    join tidemark.conversation d on d.user_a = w.a and d.user_b = w.b
    union all
    select g.id from json_array_elements_text($2::text::json) as w join tidemark.conversation g on g.group_id = w.value
    where exists (${member('$3')} and m.role is not null)
  ) order by c.id`;

const targetsOf = (type: string, names: readonly ConversationId[]): string[] => [
  ...new Set(names.filter((name) => name.startsWith(type)).map((name) => conversationTarget(name))),
];

export const namesParams = (me: string, names: readonly ConversationId[]): readonly string[] => {
  return [JSON.stringify(pairsOf(me, targetsOf('direct:', names))), JSON.stringify(targetsOf('group:', names)), me];
};

/** The ids of the groups with a row of `me`, and of the groups in `also`. */
export const groupIdsOf = async (
  query: SqlQuery,
  me: string,
  names: readonly ConversationId[],
  also: readonly string[],
): Promise<readonly number[]> => {
  if (names.length === 0) return [];
  const rows = await query(GROUPS, [JSON.stringify(targetsOf('group:', names)), me, JSON.stringify(also)]);
  return rows.map((row) => int(row, 'id'));
};
