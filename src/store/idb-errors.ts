/** Classifies the errors of IndexedDB by their names: browsers agree on nothing else. */
import { StoreError } from '../errors.ts';

/** The connection or its transaction is gone. The transaction may have committed. A new connection may help. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/** Errors of the value or key itself, or of the page's rights: no connection helps. */
const HOPELESS: ReadonlySet<string> = new Set([
  'DataCloneError',
  'DataError',
  'ConstraintError',
  'ReadOnlyError',
  'SyntaxError',
  'SecurityError',
]);

/**
 * Classifies the error of a failed transaction or opening.
 *
 * @returns a {@link StoreError} for a final error, a {@link LostError} for an error that a new connection may avoid,
 * and any error from elsewhere unchanged.
 */
export const storeError = (error: unknown): unknown => {
  if (error instanceof StoreError || error instanceof LostError) return error;
  // Errors of a transaction's body pass unchanged.
  if (!(error instanceof DOMException)) return error;
  const { name } = error;
  const says = `${name}: ${error.message}`;
  if (name === 'QuotaExceededError')
    return new StoreError(
      'store/quota-exceeded',
      'this device has no room left, so nothing was written; free some space and repeat the call',
      { cause: error },
    );
  if (name === 'VersionError')
    return new StoreError('store/version-ahead', 'a newer version of the app has written this data; reload the page', {
      cause: error,
    });
  if (HOPELESS.has(name)) return new StoreError('store/unavailable', `IndexedDB failed: ${says}`, { cause: error });
  return new LostError(`IndexedDB failed: ${says}`, { cause: error });
};
