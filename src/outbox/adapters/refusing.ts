/** Tells refusals for good from other failures, by the SDK's codes. */
import { ReceiptRefused } from '../sender.ts';

/**
 * @param codeOf the code in an error of the SDK.
 * @param refused codes for which no later attempt helps.
 * @returns a function that waits for a call of the SDK. `ids` are the messages of this call alone.
 */
export const refusing =
  (codeOf: (error: object) => unknown, refused: readonly unknown[]) =>
  async <T>(call: Promise<T>, ids?: readonly string[]): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      const code = codeOf(Object(error) as object);
      throw refused.includes(code) ? new ReceiptRefused(String(code), ids) : error;
    }
  };
