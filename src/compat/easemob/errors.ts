/** The vendor's error codes, by the codes of Tidemark. */
import { codeIn, translated, translator, type VendorCodes } from '../vendor-errors.ts';

/** The vendor's names of the codes of this facade. */
export const STATUS_CODE = {
  REQUEST_SUCCESS: 0,
  WEBIM_CONNCTION_DISCONNECTED: 16,
  WEBIM_CONNCTION_USER_NOT_ASSIGN_ERROR: 39,
  WEBIM_MESSAGE_ID_OR_TO_MISSING: 205,
  SERVER_UNKNOWN_ERROR: 503,
  SERVICE_NOT_ENABLED: 505,
  MESSAGE_WEBSOCKET_DISCONNECTED: 510,
  MESSAGE_SIZE_LIMIT: 511,
  MESSAGE_SEND_TIMEOUT: 512,
  PERMISSION_DENIED: 603,
  REST_PARAMS_STATUS: 700,
  LOCAL_DB_OPERATION_FAILED: 800,
} as const;

/** An error in the vendor's form: callers branch on `type`, and on the text of a 503. */
export class EasemobError extends Error {
  constructor(
    /** The vendor's code. */
    readonly type: number,
    message: string,
  ) {
    super(message);
  }
}

/** The vendor's server gives one code to three refusals, and callers look at the text. */
const REFUSALS: Readonly<Record<string, readonly [type: number, message: string]>> = {
  'rejected/group-receipts-disabled': [503, 'group ack not open'],
  'rejected/permission-denied': [503, 'group ack msg permission denied'],
  'rejected/receipt-expired': [503, 'group ack msg not found'],
  'rejected/unknown-message': [503, 'group ack msg not found'],
  'rejected/message-recalled': [503, 'group ack msg not found'],
  'rejected/no-such-conversation': [603, 'permission denied'],
  'rejected/too-large': [511, 'message size limit'],
  'rejected/unsupported': [505, 'service not enabled'],
};

const OTHERS: VendorCodes = {
  unknown: 999,
  'usage/closed': 39,
  'transport/unreachable': 16,
  'transport/closed': 510,
  'transport/timeout': 512,
  'auth/': 700,
  'store/': 800,
  '': 205,
};

/** The vendor's error for a code of Tidemark. */
export const errorOfCode = (code: string, message: string): EasemobError => {
  const refusal = REFUSALS[code];
  if (refusal) return new EasemobError(...refusal);
  return new EasemobError(codeIn(OTHERS, code), message);
};

/** The vendor's error for any error of the receipt client. */
export const easemobError = translator(EasemobError, errorOfCode);

/** Runs a call with the vendor's errors. */
export const withEasemobErrors = <T>(call: () => T | Promise<T>): Promise<T> => translated(easemobError, call);
