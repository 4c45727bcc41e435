/** The conversations that a user calls by these ids, in the SQL store. */
import { type ConversationId, conversationTarget } from '../../../model/ids.ts';
import { sortedPair } from '../records.ts';

export const pairsOf = (me: string, peers: readonly string[]): string =>
  JSON.stringify(
    [...new Set(peers)].map((peer) => {
      const [a, b] = sortedPair(me, peer);
      return { a, b };
    }),
  );

const PAIRS = `
  select c.* from json_to_recordset($1::text::json) as w(a text, b text)
  join tidemark.conversation c on c.user_a = w.a and c.user_b = w.b order by c.id`;

const pairsAndGroups = (condition: string): string => `
  select c.* from tidemark.conversation c where c.id in (
    select d.id from json_to_recordset($1::text::json) as w(a text, b text)
    join tidemark.conversation d on d.user_a = w.a and d.user_b = w.b
    union all
    select g.id from json_array_elements_text($2::text::json) as w
    join tidemark.conversation g on g.group_id = w.value
    where ${condition}
  ) order by c.id`;

const MEMBER = 'select from tidemark.member m where m.conversation_id = g.id and m.user_id = $3';
const NOW = pairsAndGroups(`exists (${MEMBER} and m.role is not null)`);
const EVER = pairsAndGroups(`exists (${MEMBER}) or w.value in (select value from json_array_elements_text($4::text::json))`);

/**
 * The statement, with parameters, that selects conversations by the ids that `me` calls them by.
 *
 * @param groups `now`: of groups only those with `me` as a member. A list: the groups with a row of `me`, and those of the list.
 */
export const named = (
  me: string,
  names: readonly ConversationId[],
  groups: 'now' | readonly string[],
): readonly [string, readonly string[]] => {
  const targets = (type: string): string[] => [
    ...new Set(names.filter((name) => name.startsWith(type)).map((name) => conversationTarget(name))),
  ];
  const pairs = pairsOf(me, targets('direct:'));
  const ids = targets('group:');
  if (ids.length === 0) return [PAIRS, [pairs]];
  const params = [pairs, JSON.stringify(ids), me];
  return groups === 'now' ? [NOW, params] : [EVER, [...params, JSON.stringify(groups)]];
};
