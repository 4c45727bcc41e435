/** The errors of a vendor, from any error of a call. */
import { ReceiptsError } from '../index.ts';

/** A vendor's codes by Tidemark's: for a code, for a family of codes (`auth/`), and for all others (an empty name). */
export type VendorCodes = Readonly<Record<string, number>> & { readonly '': number };

export const codeIn = (codes: VendorCodes, code: string): number => codes[code] ?? codes[code.slice(0, code.indexOf('/') + 1)] ?? codes[''];

/**
 * @param Vendors the vendor's class: its errors stay as they are.
 * @param ofCode makes the vendor's error for a code of Tidemark. An error that is none of Tidemark's has the code `unknown`.
 */
export const translator =
  <E extends Error>(Vendors: abstract new (...args: never[]) => E, ofCode: (code: string, message: string) => E) =>
  (error: unknown): E => {
    if (error instanceof Vendors) return error;
    return error instanceof ReceiptsError ? ofCode(error.code, error.message) : ofCode('unknown', String(error));
  };

/** Runs a call, whose errors become the vendor's. An error that is thrown at once becomes a rejection. */
export const translated = async <T>(toVendors: (error: unknown) => Error, call: () => T | Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw toVendors(error);
  }
};
