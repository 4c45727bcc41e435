/** What a check says when a server does something else than PROTOCOL.md says. */

const MAX_SHOWN = 600;

/** A value as a report shows it. */
export const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
};

/** The server did something else than PROTOCOL.md says. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
  constructor(
    readonly expected: string,
    readonly saw: string,
  ) {
    super(`expected ${expected}; saw ${saw}`);
  }
}

/** The environment has no way to show the rule, such as a host that makes no groups. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** @throws {Mismatch} if `holds` is false. */
export const demand: (holds: boolean, expected: string, saw: unknown) => asserts holds = (holds, expected, saw) => {
  if (!holds) throw new Mismatch(expected, shown(saw));
};

/** Whether `value` has all that `pattern` has: lists item by item, objects key by key. `undefined` in a pattern means: absent. */
export const matches = (value: unknown, pattern: unknown): boolean => {
  if (typeof pattern !== 'object' || pattern === null) return Object.is(value, pattern);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && value.length === pattern.length && pattern.every((one, i) => matches(value[i], one));
  }
  return Object.entries(pattern).every(([key, one]) => matches((value as Record<string, unknown>)[key], one));
};

/** @throws {Mismatch} if `value` lacks a part of `pattern`. @param what names the value: "bob's row" */
export const like = (value: unknown, pattern: unknown, what: string): void =>
  demand(matches(value, pattern), `${what} with ${shown(pattern)}`, value);
