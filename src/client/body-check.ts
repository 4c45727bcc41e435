/** The app's schema of message bodies: what the app sends must fit, and what arrives and does not fit is set aside. */
import { UsageError } from '../errors.ts';
import type { Message } from '../model/message/message.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';

/** @returns why the schema refuses a body; undefined if the body fits. */
const refusalOf = (schema: StandardSchemaV1, body: unknown): string | undefined => {
  try {
    const result = schema['~standard'].validate(body);
    if (result instanceof Promise) return 'it must answer at once';
    if (!result.issues) return undefined;
    const [issue] = result.issues;
    return `${['body', ...(issue?.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))].join('.')}: ${issue?.message}`;
  } catch (error) {
    return String(error);
  }
};

/** @throws {UsageError} `usage/invalid-argument` with the first issue and its path. */
export const requireFit = (schema: StandardSchemaV1, body: unknown): void => {
  const refusal = refusalOf(schema, body);
  if (refusal !== undefined) throw new UsageError('usage/invalid-argument', `bodySchema: ${refusal}`);
};

/**
 * Finds the messages in a value of the worker and moves each unfit body to `unfitBody`, in place: the value is the page's own copy. Never
 * throws.
 */
export const setUnfitAside = <T>(schema: StandardSchemaV1, value: T): T => {
  if (typeof value !== 'object' || value === null) return value;
  if (!('senderId' in value)) for (const part of Object.values(value)) setUnfitAside(schema, part);
  else {
    const message = value as unknown as { -readonly [K in keyof Message]: Message[K] };
    if (!message.recalled && !('unfitBody' in message) && refusalOf(schema, message.body) !== undefined) {
      message.unfitBody = message.body;
      message.body = null;
    }
  }
  return value;
};
