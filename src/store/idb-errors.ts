/** What IndexedDB says when it fails, and what that means: the names are the only thing browsers agree on. */
import { Dexie } from 'dexie';
import { StoreError } from '../errors.ts';

/** The connection, or the transaction on it, is gone; whether it had committed may not be known. A new connection may do better. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/** The value or key itself cannot be stored: no connection will take it. */
const HOPELESS: ReadonlySet<unknown> = new Set(['DataCloneError', 'DataError', 'ConstraintError', 'ReadOnlyError', 'SyntaxError']);

/** Dexie wraps what the browser said; the innermost name tells. */
const namesOf = (error: unknown): readonly unknown[] => {
  const names: unknown[] = [];
  for (let cause = error as { name?: unknown; inner?: unknown } | undefined, i = 0; cause && i < 4; i++) {
    names.push(cause.name);
    cause = cause.inner as typeof cause;
  }
  return names;
};

/**
 * What a failed transaction or opening means.
 *
 * @returns a {@link StoreError} for what is final, a {@link LostError} for what may be tried again on a new connection, and errors that
 * are not the database's as they are.
 */
export const storeError = (error: unknown): unknown => {
  if (error instanceof StoreError || error instanceof LostError) return error;
  // Errors thrown by a body are the body's own; those of the database carry Dexie's or the DOM's names.
  if (!(error instanceof Dexie.DexieError || error instanceof DOMException)) return error;
  const names = namesOf(error);
  const says = `${error.name}: ${error.message}`;
  if (names.includes('QuotaExceededError'))
    return new StoreError('store/quota-exceeded', 'this device has no room left; nothing was written', { cause: error });
  if (names.includes('VersionError'))
    return new StoreError('store/version-ahead', 'this data was written by a newer version of the app; reload to get it', { cause: error });
  if (names.some((name) => HOPELESS.has(name)) || names.includes('MissingAPIError') || names.includes('SecurityError'))
    return new StoreError('store/unavailable', `IndexedDB failed: ${says}`, { cause: error });
  return new LostError(`IndexedDB failed: ${says}`, { cause: error });
};
