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

const idsWhere = (condition: string): string => `
  select d.id from json_to_recordset($1::text::json) as w(a text, b text)
  join tidemark.conversation d on d.user_a = w.a and d.user_b = w.b
  union all
  select g.id from json_array_elements_text($2::text::json) as w
  join tidemark.conversation g on g.group_id = w.value
  where ${condition}`;

const MEMBER = 'select from tidemark.member m where m.conversation_id = g.id and m.user_id = $3';
const EVER = idsWhere(`exists (${MEMBER}) or w.value in (select value from json_array_elements_text($4::text::json))`);

/** Of groups only those with `me` as a member now. */
export const NAMED = `
  select c.* from tidemark.conversation c where c.id in (${idsWhere(`exists (${MEMBER} and m.role is not null)`)}) order by c.id`;

export const namesParams = (me: string, names: readonly ConversationId[]): readonly string[] => {
  const targets = (type: string): string[] => [
    ...new Set(names.filter((name) => name.startsWith(type)).map((name) => conversationTarget(name))),
  ];
  return [JSON.stringify(pairsOf(me, targets('direct:'))), JSON.stringify(targets('group:')), me];
};

/**
 * The ids of the conversations that `me` calls by these names: of groups only the groups with a row of `me`, and the
 * groups in `groups`.
 */
export const idsOf = async (
  query: SqlQuery,
  me: string,
  names: readonly ConversationId[],
  groups: readonly string[],
): Promise<readonly number[]> =>
  names.length === 0 ? [] : (await query(EVER, [...namesParams(me, names), JSON.stringify(groups)])).map((row) => int(row, 'id'));
