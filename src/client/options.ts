/** Checks of the client's options, before anything starts. */
import { UsageError } from '../errors.ts';
import { requireId } from '../model/ids.ts';
import { must } from '../model/must.ts';
import type { TotalOf } from '../model/conversation/total.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';
import { flag, read, type Rule, totalOf } from './arguments.ts';
import type { ReceiptClientOptions } from './receipt-client-options.ts';

const CODE = 'usage/invalid-option';

const refuse = (message: string): never => {
  throw new UsageError(CODE, message);
};

/** The text of an unfit value never gets into a message: it may be a token. A number is none. */
const isA =
  (rule: string, fits: (value: unknown) => boolean): Rule<never> =>
  (value, what) =>
    must(fits(value), value as never, what, rule, CODE, value === null || typeof value === 'number' ? String(value) : typeof value);

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** Parses the URL of a text. `URL.canParse` is missing in browsers of 2022. */
const parsed = (url: unknown): URL | undefined => {
  try {
    return typeof url === 'string' ? new URL(url) : undefined;
  } catch {
    return undefined;
  }
};

const url: Rule<string> = (value, what) => {
  const { protocol, search, hash, username, password } = parsed(value) ?? ({} as Partial<URL>);
  const seen = protocol ?? (typeof value === 'string' ? 'a text without scheme or host' : typeof value);
  must(/^wss?:$/.test(protocol ?? ''), value, what, 'an address with wss:// or ws://', CODE, seen);
  if (search || hash || username || password)
    refuse('url must carry no query, fragment or credentials: Tidemark gets the token from getToken');
  return value as string;
};

const whole = isA('a whole number above 0', (value) => Number.isInteger(value) && (value as number) > 0);

const badge: Rule<boolean | { readonly counts: TotalOf }> = (value, what) => {
  if (typeof value === 'boolean') return value;
  isA('true, false or { counts }', (one) => typeof one === 'object' && one !== null)(value, what);
  const { counts } = read(value as { readonly counts: TotalOf }, what, { counts: totalOf }, CODE, `${what}.`);
  return { counts: totalOf(counts, `${what}.counts`, CODE) };
};

/** What the badge counts; null without a badge. */
export const badgeCounts = (appBadge: ReceiptClientOptions['appBadge']): TotalOf | null =>
  appBadge === true ? 'messages' : appBadge ? appBadge.counts : null;

const encryption: Rule<boolean> = (value, what) => {
  if (flag(value, what, CODE) && 'document' in globalThis && !('subtle' in crypto))
    refuse('encryption needs WebCrypto: serve the page over https: or from localhost');
  return value as boolean;
};

/** @throws {UsageError} `usage/invalid-option` */
export const checkSchema: Rule<never> = isA('a Standard Schema', (schema) =>
  isFunction((schema as Partial<StandardSchemaV1> | null)?.['~standard']?.validate),
);

const RETENTION = {
  messagesPerConversation: whole,
  days: isA('a number above 0', (value) => typeof value === 'number' && value > 0),
  bytes: whole,
};

const getToken = isA('a function that returns a token', isFunction);

/** @throws {UsageError} `usage/invalid-option` naming the option. */
export const checkOptions = <Body>(options: ReceiptClientOptions<Body>): void => {
  const given: Partial<ReceiptClientOptions> = read<ReceiptClientOptions>(
    options as ReceiptClientOptions,
    'createReceiptClient',
    {
      url,
      userId: requireId,
      getToken,
      deliveryReceipts: flag,
      readReceipts: flag,
      appBadge: badge,
      encryption,
      retention: (value, what) => read(value as object, what, RETENTION, CODE, `${what}.`),
      worker: isA('a function that returns a new Worker', isFunction),
      log: isA('a function (level, event, details)', isFunction),
      bodySchema: checkSchema,
    },
    CODE,
  );
  // These options are needed.
  url(given.url, 'url');
  requireId(given.userId, 'userId', CODE);
  getToken(given.getToken, 'getToken');
};
