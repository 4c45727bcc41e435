/** The options of a client, checked before anything starts. */
import { UsageError } from '../errors.ts';
import { isId } from '../model/ids.ts';
import type { ReceiptClientOptions } from './receipt-client.ts';

const refuse = (message: string): never => {
  throw new UsageError('usage/invalid-option', message);
};

/** Not by `URL.canParse`: engines of 2022 lack it. */
const addressOf = (url: unknown): URL => {
  try {
    if (typeof url === 'string') return new URL(url);
  } catch {
    // Said below.
  }
  return refuse('url must be an absolute address, wss://…');
};

/** A limit that is misspelt or nothing must not silently keep everything, or nothing. */
const checkRetention = (retention: unknown): void => {
  if (retention === undefined) return;
  if (typeof retention !== 'object' || retention === null) refuse('retention must be { messagesPerConversation?, days? }');
  for (const [name, value] of Object.entries(retention as object)) {
    if (name !== 'messagesPerConversation' && name !== 'days') refuse(`retention knows messagesPerConversation and days; got ${name}`);
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0)) refuse(`retention.${name} must be a number above 0`);
    if (name === 'messagesPerConversation' && !Number.isInteger(value)) refuse(`retention.${name} must be a whole number`);
  }
};

/** @throws {UsageError} `usage/invalid-option` naming the option. */
export const checkOptions = (options: ReceiptClientOptions): void => {
  // Callers without types may pass anything.
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    refuse('createReceiptClient takes { url, userId, getToken }');
  const { url, userId, getToken, deliveryReceipts, readReceipts, appBadge, retention, worker } = options as {
    [K in keyof ReceiptClientOptions]: unknown;
  };
  const address = addressOf(url);
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') refuse(`url must begin with wss:// or ws://; got ${address.protocol}`);
  if (address.search || address.hash || address.username || address.password)
    refuse('url must carry no query, fragment or credentials: the token is asked for by getToken');
  if (!isId(userId)) refuse('userId must be 1 to 128 bytes of text without control characters');
  if (typeof getToken !== 'function') refuse('getToken must be a function that gives a token');
  for (const [name, value] of Object.entries({ deliveryReceipts, readReceipts, appBadge }))
    if (value !== undefined && typeof value !== 'boolean') refuse(`${name} must be true or false`);
  checkRetention(retention);
  if (worker !== undefined && typeof worker !== 'function') refuse('worker must be a function that makes a Worker');
};
