/** The reads of recalls in the SQL store. */
import { byFeedOrder, nameOf, type FeedRecall } from '../../records.ts';
import type { ServerReadTx } from '../../server-store.ts';
import type { SqlQuery, SqlRow } from '../driver.ts';
import { VISIBLE_AFTER, VISIBLE_UP_TO } from './receipt-reads.ts';
import { int, MESSAGE, messageOf, NAMES, namesOf } from '../rows.ts';

const MISSED_RECALLS = `
  select ${MESSAGE}, ${NAMES}, case when m.version > $2 then m.version else mine.back_since end as feed_version
  from tidemark.member mine
  join tidemark.conversation c on c.id = mine.conversation_id
  join tidemark.message m on m.conversation_id = mine.conversation_id and m.recalled
    and m.version > ${VISIBLE_AFTER} and m.version <= case when mine.role is null then ${VISIBLE_UP_TO} else $2 end
  where mine.user_id = $1 and mine.version > 0 and mine.version > $2
  order by feed_version fetch first ($4) rows with ties`;

// A recall raises the version of its conversation, so a conversation whose version is at most `$2` has no
// recall in the interval. A conversation whose version is above `$3` may have one.
const RECALLED_IN_C = `
  join tidemark.message m on m.conversation_id = c.id and m.recalled and m.version > $2 and m.version <= $3`;
const inChats = (side: 'a' | 'b'): string => `
  select ${MESSAGE}, ${NAMES}, m.version as feed_version from tidemark.conversation c ${RECALLED_IN_C}
  where c.user_${side} = $1 and c.version_${side} > $2`;
const CHANGED_RECALLS = `
  select * from (
    ${inChats('a')}
    union all
    ${inChats('b')}
    union all
    select ${MESSAGE}, ${NAMES},
      case when mine.back_since > $2 and m.version > mine.away_since then greatest(m.version, mine.back_since) else m.version end
    from tidemark.member mine
    join tidemark.conversation c on c.id = mine.conversation_id and c.version > $2
    ${RECALLED_IN_C}
    where mine.user_id = $1 and mine.version > 0 and mine.role is not null
  ) r where feed_version <= $3 order by feed_version fetch first ($4) rows with ties`;

const feedRecallOf = (me: string, row: SqlRow): FeedRecall => {
  const message = messageOf(row);
  return { in: nameOf(namesOf(row), me), message, version: int(row, 'feed_version') };
};

export const sqlRecallReads = (query: SqlQuery): Pick<ServerReadTx, 'missedRecalls' | 'changedRecalls'> => {
  const read =
    (statement: string): ServerReadTx['changedRecalls'] =>
    async (me, { after, upTo }, atLeast) =>
      (await query(statement, [me, after, upTo, atLeast])).map((row) => feedRecallOf(me, row)).sort(byFeedOrder);
  return { missedRecalls: read(MISSED_RECALLS), changedRecalls: read(CHANGED_RECALLS) };
};
