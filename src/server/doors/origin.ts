/**
 * Decides which pages may use this server. The server never reads cookies, so a request without an Origin
 * (not from a browser) is like any other client.
 */

import { UsageError } from '../../errors.ts';

const hostOf = (url: string): string | undefined => {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
};

/**
 * Whether a page of this origin may use the server.
 *
 * @param allowed exact origins, such as `https://chat.example`; without a list only pages of the server's own
 * host.
 */
export const isOriginAllowed = (origin: string | undefined, host: string | undefined, allowed: readonly string[] | undefined): boolean => {
  if (origin === undefined) return true;
  if (allowed) return allowed.includes(origin);
  const from = /^https?:\/\/[^/?#@]+$/.test(origin) ? hostOf(origin) : undefined;
  if (from === undefined || host === undefined || /[/?#@\s]/.test(host)) return false;
  // The default port depends on the scheme, so the page's scheme decides.
  return from === hostOf(`${origin.slice(0, origin.indexOf(':'))}://${host}`);
};

/**
 * Explains a refusal to the operator. The text repeats only values of the request itself.
 *
 * @param allowed as for {@link isOriginAllowed}.
 */
export const originRefusal = (origin = '', host = '', allowed?: readonly string[]): string => {
  const [page, here] = [origin, host].map((text) => JSON.stringify(text.slice(0, 200)));
  return allowed
    ? `the server (host ${here}) takes no page of the origin ${page}: it is not in allowedOrigins (tidemark serve: --allow-origin)`
    : `the page's origin ${page} is not the server's host ${here}: list the origin in allowedOrigins (tidemark serve: --allow-origin), ` +
        'or let the proxy pass the Host header on';
};

const isOrigin = (text: unknown): boolean => {
  if (typeof text !== 'string' || !URL.canParse(text)) return text === 'null';
  const { origin } = new URL(text);
  // Native apps have their own schemes (capacitor://localhost), and `URL` gives no origin for these.
  return origin === 'null' ? /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(text) : origin === text;
};

/** Refuses an allowed origin in a form no browser ever sends. @throws {UsageError} `usage/invalid-option` */
export const requireOrigins = (allowed: readonly string[] | undefined): void => {
  const wrong = allowed?.find((text) => !isOrigin(text));
  if (wrong === undefined) return;
  const meant = URL.canParse(wrong) && new URL(wrong).origin !== 'null' ? `; did you mean ${JSON.stringify(new URL(wrong).origin)}?` : '';
  const message = `allowedOrigins are exact origins, such as "https://chat.example"; got ${JSON.stringify(wrong)}${meant}`;
  throw new UsageError('usage/invalid-option', message);
};

/** Whether a URL has a query. The protocol uses none. The server refuses a query because it may be a token, and URLs are logged. */
export const hasQuery = (url: string): boolean => /\?./s.test(url);

export const QUERY_IN_URL = 'the URL takes no query, because URLs are logged: send the token in the hello frame';
