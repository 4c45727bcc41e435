/**
 * Carries errors between threads. A structured clone of an error keeps only name, message and stack, so code and key
 * travel beside.
 */
import { type ErrorCode, errorOf, ReceiptsError, RejectedError, type RejectedCode, TransportError, type TransportCode } from '../errors.ts';

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly idempotencyKey?: string;
  readonly pending?: number;
}

export const toWireError = (error: unknown): WireError => {
  if (error instanceof RejectedError) return { code: error.code, message: error.message, idempotencyKey: error.idempotencyKey };
  if (error instanceof TransportError && error.pending !== undefined)
    return { code: error.code, message: error.message, pending: error.pending };
  if (error instanceof ReceiptsError) return { code: error.code, message: error.message };
  // An unexpected error is a fault of this package. The code says "repeat the call", because every call is safe to
  // repeat.
  return { code: 'worker/restarted', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
};

export const fromWireError = ({ code, message, idempotencyKey, pending }: WireError): ReceiptsError => {
  if (code.startsWith('rejected/')) return new RejectedError(code as RejectedCode, message, idempotencyKey);
  if (pending !== undefined) return new TransportError(code as TransportCode, message, pending);
  return errorOf(code, message);
};
