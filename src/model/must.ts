/** One form for all refusals of a value: the name, the rule and the value seen. */
import { type UsageCode, UsageError } from '../errors.ts';

export const invalid = (message: string): UsageError => new UsageError('usage/invalid-argument', message);

/** A value for an error message. Invisible characters are written as their code points. */
const shown = (value: unknown): string => {
  if (typeof value !== 'string') return value && typeof value !== 'number' && value !== true ? typeof value : String(value);
  return JSON.stringify(value.slice(0, 60)).replace(
    /\p{C}/gu,
    (one) => `U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
  );
};

/**
 * Returns a fit value.
 *
 * @param what names the value, `rule` says what it must be.
 * @param seen what the caller gave, where the value itself must not be in a message.
 * @throws {UsageError} for an unfit value.
 */
export const must = <T>(
  fits: boolean,
  value: T,
  what: string,
  rule: string,
  code: UsageCode = 'usage/invalid-argument',
  seen = shown(value),
): T => {
  if (fits) return value;
  throw new UsageError(code, `${what} must be ${rule}; got ${seen}`);
};
