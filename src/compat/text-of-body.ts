/** The text of a message from another client. */
import type { Message } from '../index.ts';

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/**
 * A body is the text, or an object with the text, as from any facade: while an app moves step by step, its users have several clients. Any
 * other body becomes JSON. A recalled message has no body and no text.
 */
export const textOfBody = (body: Message['body']): string => {
  if (typeof body === 'string') return body;
  if (body === null) return '';
  const { msg, message, payload } = fieldsOf(body);
  const text = [msg, message, fieldsOf(payload)['text']].find((value) => typeof value === 'string');
  return typeof text === 'string' ? text : JSON.stringify(body);
};
