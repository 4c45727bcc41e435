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

/** A token in a URL ends up in logs and histories; it is refused rather than read. */
export const hasTokenInUrl = (url: string): boolean => {
  const query = url.indexOf('?');
  if (query < 0) return false;
  const names = [...new URLSearchParams(url.slice(query + 1)).keys()];
  return names.some((name) => /^(access_?|id_?|auth_?)?token$|^jwt$|^authorization$/i.test(name));
};

export const TOKEN_IN_URL = 'a token in the URL is not read, as URLs are logged: send it in the hello frame';
