/** The names of options. An option with an unknown name is refused, because ignoring it would hide a spelling mistake. */
import { type UsageCode, UsageError } from '../errors.ts';

/** All names of an options type. The compiler refuses an object literal in which a name is missing or unknown. */
export type OptionNames<T> = { readonly [K in keyof T]-?: 1 };

/** How many letters stand between the common beginning and the common end of two names: a spelling mistake is one place in a name. */
const distance = (a: string, b: string): number => {
  const shortest = Math.min(a.length, b.length);
  let start = 0;
  while (start < shortest && a[start] === b[start]) start++;
  let end = 0;
  while (end < shortest - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return Math.max(a.length, b.length) - start - end;
};

/** The end of an error message about an unknown name: the nearest known name or, if no known name is near, all known names. */
export const nearestName = (name: string, known: readonly string[]): string => {
  const lower = name.slice(0, 60).toLowerCase();
  const [nearest] = known
    .map((one) => ({ one, far: distance(lower, one.toLowerCase()) }))
    .filter(({ far }) => far * 2 < lower.length)
    .sort((a, b) => a.far - b.far);
  if (nearest) return `did you mean ${JSON.stringify(nearest.one)}?`;
  return known.length > 0 ? `the known options are ${known.join(', ')}` : 'no options are known here';
};

/**
 * Checks the names of an options object and returns the object. Without an object, it returns `{}`.
 *
 * @param what the name of the call or of the option with these options, for the error message.
 * @param names an object with all known names.
 * @throws {UsageError} if the value is no object, or if an option has an unknown name. The message suggests the nearest known name.
 */
export const readOptions = <T extends object>(
  given: T | undefined,
  what: string,
  names: { readonly [K in keyof NoInfer<T>]-?: unknown },
  code: UsageCode = 'usage/invalid-argument',
): T => {
  if (given === undefined) return {} as T;
  // Callers without types may pass anything.
  if (typeof given !== 'object' || (given as T | null) === null || Array.isArray(given))
    throw new UsageError(code, `${what}: options must be an object`);
  const known = Object.keys(names);
  for (const name of Object.keys(given))
    if (!known.includes(name))
      throw new UsageError(code, `${what}: unknown option ${JSON.stringify(name.slice(0, 60))}; ${nearestName(name, known)}`);
  return given;
};
