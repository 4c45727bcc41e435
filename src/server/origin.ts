/** Which pages may speak to this server. Cookies are never read, so a missing Origin (no browser) is as good as any other client. */

const hostOf = (url: string): string | undefined => {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
};

/**
 * @param allowed exact origins, such as `https://chat.example`; without it only pages of the same host as the server.
 */
export const isOriginAllowed = (origin: string | undefined, host: string | undefined, allowed: readonly string[] | undefined): boolean => {
  if (origin === undefined) return true;
  if (allowed) return allowed.includes(origin);
  const from = /^https?:\/\/[^/?#@]+$/.test(origin) ? hostOf(origin) : undefined;
  if (from === undefined || host === undefined || /[/?#@\s]/.test(host)) return false;
  // Ports that go without saying differ by scheme: the page's own decides.
  return from === hostOf(`${origin.slice(0, origin.indexOf(':'))}://${host}`);
};

/** Whether a URL has a query. The protocol uses none. The server refuses a query because it may be a token, and URLs are logged. */
export const hasQuery = (url: string): boolean => /\?./s.test(url);

export const QUERY_IN_URL = 'the URL takes no query, because URLs are logged: send the token in the hello frame';
