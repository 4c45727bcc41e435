/** The text of a message from another client. */
import type { Message } from '../index.ts';

/** The fields for the text in the bodies of the facades. A body of another app may have anything in them. */
interface Fields {
  readonly msg?: unknown;
  readonly message?: unknown;
  readonly payload?: { readonly text?: unknown } | null;
}

/**
 * A body is the text, or an object with the text, as from any facade: while an app moves step by step, its users have several clients. Any
 * other body becomes JSON. A recalled message has no body and no text.
 */
export const textOfBody = (body: Message['body']): string => {
  if (body === null) return '';
  const { msg, message, payload } = body as Fields;
  return [body, msg, message, payload?.text].find((value) => typeof value === 'string') ?? JSON.stringify(body);
};
