/** Checks of the client's options, before anything starts. */
import { UsageError } from '../errors.ts';
import { requireId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import { TOTALS_OF, type TotalOf } from '../model/conversation/total.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';
import type { Retention } from '../model/api/retention.ts';
import type { ReceiptClientOptions } from './receipt-client-options.ts';

const refuse = (message: string): never => {
  throw new UsageError('usage/invalid-option', message);
};

/** Parses the URL. `URL.canParse` is missing in browsers of 2022. */
const addressOf = (url: unknown): URL => {
  try {
    if (typeof url === 'string') return new URL(url);
  } catch {
    // The error is thrown below.
  }
  return refuse(`url must be an absolute address, wss://…; got ${typeof url === 'string' ? 'a text without scheme or host' : typeof url}`);
};

/** Checks the limits: a misspelt name must not silently keep all messages. */
const checkRetention = (retention: Retention | undefined): void => {
  const given = readOptions(retention, 'retention', { messagesPerConversation: 1, days: 1, bytes: 1 }, 'usage/invalid-option');
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0))
      refuse(`retention.${name} must be a number above 0; got ${typeof value === 'number' ? value : typeof value}`);
    else if (name !== 'days' && !Number.isInteger(value)) refuse(`retention.${name} must be a whole number; got ${value}`);
  }
};

/** What the badge counts; null without a badge. @throws {UsageError} `usage/invalid-option` */
export const badgeCounts = (appBadge: unknown): TotalOf | null => {
  if (appBadge === undefined || appBadge === false) return null;
  if (appBadge === true) return 'messages';
  if (typeof appBadge !== 'object' || appBadge === null)
    return refuse(`appBadge must be true, false or { counts }; got ${appBadge === null ? 'null' : typeof appBadge}`);
  const { counts } = readOptions<{ readonly counts?: unknown }>(appBadge, 'appBadge', { counts: 1 }, 'usage/invalid-option');
  const known = TOTALS_OF.find((one) => one === counts);
  return (
    known ??
    refuse(
      `appBadge.counts must be ${TOTALS_OF.map((one) => `'${one}'`).join(' or ')}; got ${typeof counts === 'string' ? counts : typeof counts}`,
    )
  );
};

/** @throws {UsageError} `usage/invalid-option` */
export const checkSchema = (schema: unknown): void => {
  const { validate } = (schema as Partial<StandardSchemaV1> | undefined)?.['~standard'] ?? {};
  if (schema !== undefined && typeof validate !== 'function') refuse('bodySchema must be a Standard Schema');
};

/** @throws {UsageError} `usage/invalid-option` naming the option. */
export const checkOptions = <Body>(options: ReceiptClientOptions<Body>): void => {
  // Callers without types may pass anything.
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    refuse('createReceiptClient takes { url, userId, getToken }');
  const given = readOptions(
    options,
    'createReceiptClient',
    {
      url: 1,
      userId: 1,
      getToken: 1,
      deliveryReceipts: 1,
      readReceipts: 1,
      appBadge: 1,
      encryption: 1,
      retention: 1,
      worker: 1,
      log: 1,
      bodySchema: 1,
    },
    'usage/invalid-option',
  );
  const { url, userId, getToken, deliveryReceipts, readReceipts, appBadge, encryption, worker, log, bodySchema } = given as Record<
    keyof ReceiptClientOptions,
    unknown
  >;
  const address = addressOf(url);
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') refuse(`url must begin with wss:// or ws://; got ${address.protocol}`);
  if (address.search || address.hash || address.username || address.password)
    refuse('url must carry no query, fragment or credentials: Tidemark gets the token from getToken');
  requireId(userId, 'userId', 'usage/invalid-option');
  if (typeof getToken !== 'function') refuse(`getToken must be a function that returns a token; got ${typeof getToken}`);
  for (const [name, value] of Object.entries({ deliveryReceipts, readReceipts, encryption }))
    if (value !== undefined && typeof value !== 'boolean') refuse(`${name} must be true or false; got ${typeof value}`);
  if (encryption === true && 'document' in globalThis && !('subtle' in crypto))
    refuse('encryption needs WebCrypto: serve the page over https: or from localhost');
  badgeCounts(appBadge);
  checkRetention(given.retention);
  if (worker !== undefined && typeof worker !== 'function')
    refuse(`worker must be a function that returns a new Worker; got ${typeof worker}`);
  checkSchema(bodySchema);
  if (log !== undefined && typeof log !== 'function') refuse(`log must be a function (level, event, details); got ${typeof log}`);
};
