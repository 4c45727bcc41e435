/** The vendor's error codes, by the codes of Tidemark. */
import { ReceiptsError } from '../../index.ts';
import { RefusedError } from '../server-answers.ts';

export class EMError extends Error {
  constructor(
    readonly code: number,
    readonly description: string,
  ) {
    super(description);
  }
}

const CODES: Readonly<Record<string, number>> = {
  'rejected/group-receipts-disabled': 505,
  'rejected/unsupported': 505,
  'rejected/permission-denied': 603,
  'rejected/no-such-conversation': 603,
  'rejected/receipt-expired': 506,
  'rejected/unknown-message': 500,
  'rejected/message-recalled': 500,
  'rejected/id-conflict': 500,
  'rejected/too-large': 110,
  'usage/closed': 201,
  'usage/unknown-message': 500,
  'transport/unreachable': 2,
  'transport/closed': 300,
  'transport/timeout': 301,
  'auth/expired': 201,
  'auth/forbidden': 201,
  'auth/wrong-user': 201,
  'auth/origin-refused': 201,
};

/** Any error of the receipt client as the vendor would report it. */
export const emError = (error: unknown): EMError => {
  if (error instanceof EMError) return error;
  if (!(error instanceof RefusedError || error instanceof ReceiptsError)) return new EMError(303, String(error));
  return new EMError(CODES[error.code] ?? (error.code.startsWith('store/') ? 3 : 110), error.message);
};

/**
 * Runs a call with the vendor's errors. The vendor's samples do not wait for the calls, so an ignored error is no unhandled rejection.
 */
export const withEmErrors = <T>(call: () => Promise<T>): Promise<T> => {
  const result = (async () => call())().catch((error: unknown) => {
    throw emError(error);
  });
  result.catch(() => undefined);
  return result;
};
