/** The options of a client, checked before anything starts. */
import { UsageError } from '../errors.ts';
import { isId } from '../model/ids.ts';
import type { ReceiptClientOptions } from './receipt-client.ts';

const refuse = (message: string): never => {
  throw new UsageError('usage/invalid-option', message);
};

/** @throws {UsageError} `usage/invalid-option` naming the option. */
export const checkOptions = (options: ReceiptClientOptions): void => {
  // Callers without types may pass anything.
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    refuse('createReceiptClient takes { url, userId, getToken }');
  const { url, userId, getToken, deliveryReceipts, readReceipts, worker } = options as { [K in keyof ReceiptClientOptions]: unknown };
  const address = typeof url === 'string' && URL.canParse(url) ? new URL(url) : refuse('url must be an absolute address, wss://…');
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') refuse(`url must begin with wss:// or ws://; got ${address.protocol}`);
  if (address.search || address.hash || address.username || address.password)
    refuse('url must carry no query, fragment or credentials: the token is asked for by getToken');
  if (!isId(userId)) refuse('userId must be 1 to 128 bytes of text without control characters');
  if (typeof getToken !== 'function') refuse('getToken must be a function that gives a token');
  for (const [name, value] of Object.entries({ deliveryReceipts, readReceipts }))
    if (value !== undefined && typeof value !== 'boolean') refuse(`${name} must be true or false`);
  if (worker !== undefined && typeof worker !== 'function') refuse('worker must be a function that makes a Worker');
};
