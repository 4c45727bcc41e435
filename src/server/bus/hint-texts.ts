/**
 * Hints as texts of a bounded size: `["node","changes",["ann","ben"],1234]`. The number is the time of the node's own clock. The cost of a
 * hint `spent` follows it.
 */
import { byteLength } from '../../model/byte-length.ts';
import * as v from 'valibot';
import { isId } from '../../model/ids.ts';
import type { Hint } from './bus.ts';

const Id = v.custom<string>(isId);
const Text = v.union([
  v.tuple([v.string(), v.picklist(['changes', 'receipts', 'revoke', 'members']), v.array(Id), v.number()]),
  v.tuple([v.string(), v.literal('spent'), v.tuple([Id]), v.number(), v.pipe(v.number(), v.finite(), v.minValue(0))]),
  v.tuple([v.string(), v.picklist(['notices', 'gap']), v.array(v.never()), v.number()]),
]);

/** The hint of the node `from` at the time `at`, in as many texts as `maxBytes` asks for. */
export const hintTexts = (from: string, at: number, hint: Hint, maxBytes: number): readonly string[] => {
  if (hint.kind === 'spent') return [JSON.stringify([from, hint.kind, [hint.userId], at, hint.cost])];
  const ids = 'userIds' in hint ? hint.userIds : 'groupIds' in hint ? hint.groupIds : undefined;
  const textOf = (part: readonly string[]): string => JSON.stringify([from, hint.kind, part, at]);
  if (!ids) return [textOf([])];
  const texts: string[] = [];
  const room = maxBytes - byteLength(textOf([]));
  let part: string[] = [];
  let bytes = 0;
  const end = (): void => {
    if (part.length > 0) texts.push(textOf(part));
    part = [];
    bytes = 0;
  };
  for (const id of ids) {
    const more = byteLength(JSON.stringify(id)) + 1;
    if (bytes + more > room) end();
    part.push(id);
    bytes += more;
  }
  end();
  return texts;
};

/** @returns `undefined` for a text that is none of this version: its change is found at the next heartbeat. */
export const hintOf = (text: string): { readonly from: string; readonly at: number; readonly hint: Hint } | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = v.safeParse(Text, value);
  if (!read.success) return undefined;
  const [from, kind, ids, at, cost] = read.output;
  if (kind === 'spent') return { from, at, hint: { kind, userId: ids[0], cost } };
  if (kind === 'notices' || kind === 'gap') return { from, at, hint: { kind } };
  return { from, at, hint: kind === 'members' ? { kind, groupIds: ids } : { kind, userIds: ids } };
};
