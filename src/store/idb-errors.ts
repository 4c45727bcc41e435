/** Classifies the errors of IndexedDB by their names: browsers agree on nothing else. */
import { Dexie } from 'dexie';
import { StoreError } from '../errors.ts';

/** The connection or its transaction is gone. The transaction may have committed. A new connection may help. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/** Errors of the value or key itself: no connection accepts such a value. */
const HOPELESS: ReadonlySet<unknown> = new Set(['DataCloneError', 'DataError', 'ConstraintError', 'ReadOnlyError', 'SyntaxError']);

/** The names of an error and its causes. Dexie wraps the browser's error; the innermost name is the browser's. */
const namesOf = (error: unknown): readonly unknown[] => {
  const names: unknown[] = [];
  for (let cause = error as { name?: unknown; inner?: unknown } | undefined, i = 0; cause && i < 4; i++) {
    names.push(cause.name);
    cause = cause.inner as typeof cause;
  }
  return names;
};

/**
 * Classifies the error of a failed transaction or opening.
 *
 * @returns a {@link StoreError} for a final error, a {@link LostError} for an error that a new connection may avoid,
 * and any error from elsewhere unchanged.
 */
export const storeError = (error: unknown): unknown => {
  if (error instanceof StoreError || error instanceof LostError) return error;
  // Errors of a transaction's body pass unchanged; errors of the database have names of Dexie or the DOM.
  if (!(error instanceof Dexie.DexieError || error instanceof DOMException)) return error;
  const names = namesOf(error);
  const says = `${error.name}: ${error.message}`;
  if (names.includes('QuotaExceededError'))
    return new StoreError(
      'store/quota-exceeded',
      'this device has no room left, so nothing was written; free some space and repeat the call',
      { cause: error },
    );
  if (names.includes('VersionError'))
    return new StoreError('store/version-ahead', 'a newer version of the app has written this data; reload the page to get that version', {
      cause: error,
    });
  if (names.some((name) => HOPELESS.has(name)) || names.includes('MissingAPIError') || names.includes('SecurityError'))
    return new StoreError('store/unavailable', `IndexedDB failed: ${says}`, { cause: error });
  return new LostError(`IndexedDB failed: ${says}`, { cause: error });
};
