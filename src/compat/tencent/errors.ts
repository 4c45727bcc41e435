/** The vendor's error codes, by the codes of Tidemark. */
import { codeIn, translator, type VendorCodes } from '../vendor-errors.ts';

/** An error in the vendor's form: callers branch on `code`. */
export class ChatError extends Error {
  constructor(
    /** The vendor's code. */
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const NOT_LOGGED_IN = 2024;
export const REPEATED_LOGIN = 2025;
export const NO_ELIGIBLE_MESSAGE = 2114;
export const NO_CONVERSATION = 2500;
export const TOO_FREQUENT = 2996;
export const UNSUPPORTED = 2998;
export const NO_RECEIPT_INFO = 10_062;
const NOT_READY = 2999;

const CODES: VendorCodes = {
  'rejected/group-receipts-disabled': 10_059,
  'rejected/unsupported': UNSUPPORTED,
  'rejected/permission-denied': 10_007,
  'rejected/no-such-conversation': NO_CONVERSATION,
  'rejected/too-large': 80_002,
  'rejected/': NO_RECEIPT_INFO,
  'usage/unknown-message': NO_RECEIPT_INFO,
  'usage/unknown-conversation': NO_CONVERSATION,
  'usage/closed': NOT_LOGGED_IN,
  'transport/closed': 2800,
  'transport/timeout': 2801,
  'transport/unreachable': 2805,
  'auth/': NOT_LOGGED_IN,
  '': NOT_READY,
};

export const chatErrorOf = (code: string, message: string): ChatError => new ChatError(codeIn(CODES, code), message);

/** Any error of the receipt client as the vendor would report it. */
export const chatError = translator(ChatError, chatErrorOf);

/** The vendor throws this at once for a wrong type, and does not reject. */
export const requireParams = (isValid: boolean): void => {
  if (!isValid) throw new Error('Params validate failed.');
};
