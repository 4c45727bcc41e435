/** The vendor's error codes, by the codes of Tidemark. */
import { codeIn, translator, type VendorCodes } from '../vendor-errors.ts';

/** An error in the vendor's form: callers branch on `code`. */
export class ZIMError extends Error {
  constructor(
    /** The vendor's code. */
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const BAD_PARAMETER = 6_000_001;
export const UNSUPPORTED = 6_000_013;
export const OTHER_USER = 6_000_111;
export const NOT_LOGGED_IN = 6_000_121;
export const TOO_MANY_MESSAGES = 6_000_282;
export const NO_CONVERSATION = 6_000_603;

const CODES: VendorCodes = {
  'rejected/group-receipts-disabled': UNSUPPORTED,
  'rejected/unsupported': UNSUPPORTED,
  'rejected/permission-denied': UNSUPPORTED,
  'rejected/no-such-conversation': NO_CONVERSATION,
  'rejected/too-large': BAD_PARAMETER,
  'rejected/': 6_000_277,
  'usage/unknown-conversation': NO_CONVERSATION,
  'usage/closed': NOT_LOGGED_IN,
  'transport/timeout': 6_000_105,
  'transport/': 6_000_104,
  'auth/': NOT_LOGGED_IN,
  'store/': 6_000_008,
  '': BAD_PARAMETER,
};

export const zimErrorOf = (code: string, message: string): ZIMError => new ZIMError(codeIn(CODES, code), message);

/** Any error of the receipt client as the vendor would report it. */
export const zimError = translator(ZIMError, zimErrorOf);
