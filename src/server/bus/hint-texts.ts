/**
 * Hints as texts of a bounded size: `["node","changes",["ann","ben"],1234]`. The number is the time of the node's own clock. The cost of a
 * hint `spent` follows it.
 */
import { byteLength } from '../../model/byte-length.ts';
import { isId } from '../../model/ids.ts';
import type { Hint } from './bus.ts';

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

const hintWith = (kind: unknown, ids: readonly string[], cost: unknown): Hint | undefined => {
  switch (kind) {
    case 'changes':
    case 'receipts':
    case 'revoke':
      return { kind, userIds: ids };
    case 'members':
      return { kind, groupIds: ids };
    case 'spent':
      return ids.length > 0 && Number.isFinite(cost) && (cost as number) >= 0 ? { kind, userId: ids[0]!, cost: cost as number } : undefined;
    case 'notices':
    case 'gap':
      return ids.length === 0 ? { kind } : undefined;
    default:
      return undefined;
  }
};

/** @returns `undefined` for a text that is none of this version: its change is found at the next heartbeat. */
export const hintOf = (text: string): { readonly from: string; readonly at: number; readonly hint: Hint } | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [from, kind, ids, at, cost] = value as unknown[];
  if (typeof from !== 'string' || typeof at !== 'number' || !Array.isArray(ids) || !ids.every(isId)) return undefined;
  const hint = hintWith(kind, ids, cost);
  return hint && { from, at, hint };
};
