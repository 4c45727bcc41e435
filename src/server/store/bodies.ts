/** The bodies of messages, cut to what a read asks for. */
import { byteLength } from '../../model/byte-length.ts';
import type { MessageRecord } from './records.ts';

/** The list up to the message that brings the sum of all bodies to `bytes`. */
export const upToBytes = (messages: readonly MessageRecord[], bytes: number): readonly MessageRecord[] => {
  let sum = 0;
  const last = messages.findIndex(({ body }) => (sum += bodyBytes(body)) >= bytes);
  return last < 0 ? messages : messages.slice(0, last + 1);
};

/** The message with the first `chars` characters of its body. */
export const cutBody = (message: MessageRecord, chars: number): MessageRecord =>
  message.body.length <= chars
    ? message
    : {
        ...message,
        body: Array.from(message.body.slice(0, 2 * chars))
          .slice(0, chars)
          .join(''),
      };

/** Length of a body in UTF-8. */
export const bodyBytes = (body: string): number => byteLength(body);
