/** The vendor's error codes, by the codes of Tidemark. */
import { codeIn, translated, translator, type VendorCodes } from '../vendor-errors.ts';

/** An error in the vendor's form: callers branch on `code`. */
export class EMError extends Error {
  constructor(
    /** The vendor's code. */
    readonly code: number,
    /** The text of the error. */
    readonly description: string,
  ) {
    super(description);
  }
}

const CODES: VendorCodes = {
  unknown: 303,
  'rejected/group-receipts-disabled': 505,
  'rejected/unsupported': 505,
  'rejected/permission-denied': 603,
  'rejected/no-such-conversation': 603,
  'rejected/receipt-expired': 506,
  'rejected/too-large': 110,
  'rejected/': 500,
  'usage/closed': 201,
  'usage/unknown-message': 500,
  'transport/unreachable': 2,
  'transport/closed': 300,
  'transport/timeout': 301,
  'auth/': 201,
  'store/': 3,
  '': 110,
};

/** Any error of the receipt client as the vendor would report it. */
export const emError = translator(EMError, (code, message) => new EMError(codeIn(CODES, code), message));

/**
 * Runs a call with the vendor's errors. The vendor's samples do not wait for the calls, so an ignored error is no unhandled rejection.
 */
export const withEmErrors = <T>(call: () => Promise<T>): Promise<T> => {
  const result = translated(emError, call);
  result.catch(() => undefined);
  return result;
};
