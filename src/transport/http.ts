/** Frames over HTTP requests: for queries from any tab, for the service worker, and for networks that break WebSockets. */
import { TransportError } from '../errors.ts';
import { decodeServerFrames } from '../protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';

/** The HTTP address of the server. */
export const httpAddress = (url: string): string => url.replace(/^ws/, 'http');

/** Statuses of a busy server or proxy. */
const TOO_BUSY: ReadonlySet<number> = new Set([429, 503]);
const MAX_SECONDS = 24 * 60 * 60;

/** Reads the delay in seconds. A date would need this device's clock, which decides nothing. */
const retryAfterMs = (response: Response): number | undefined => {
  const said = response.headers.get('retry-after')?.trim() ?? '';
  return /^\d{1,9}$/.test(said) ? Math.min(Number(said), MAX_SECONDS) * 1000 : undefined;
};

const isFrames = (response: Response): boolean => /^application\/json\b/i.test(response.headers.get('content-type') ?? '');

/** Reads the frames of an answer; a refusal is a frame too. Any other answer comes from a captive portal or a proxy (F52). */
const readFrames = (response: Response, text: string): ServerFrame[] => {
  const { ok, status } = response;
  try {
    if (isFrames(response)) return decodeServerFrames(text);
  } catch (error) {
    if (ok) throw error;
  }
  if (TOO_BUSY.has(status)) {
    const ms = retryAfterMs(response);
    return [{ type: 'error', code: 'server/busy', message: `answered ${status}`, ...(ms === undefined ? {} : { retryAfterMs: ms }) }];
  }
  throw new TransportError('transport/unreachable', `a proxy or captive portal answered instead of the server: status ${status}`);
};

/** @param signal aborts the request. */
export const requestOverHttp = async (
  url: string,
  frames: readonly ClientFrame[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ServerFrame[]> => {
  const end = new AbortController();
  const giveUp = (): void => end.abort();
  const late = new TransportError('transport/timeout', `the server did not answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => end.abort(late), timeoutMs);
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  let response: Response;
  let text: string;
  try {
    response = await fetch(httpAddress(url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(frames),
      credentials: 'omit',
      cache: 'no-store',
      // A followed redirect would carry the token to another host.
      redirect: 'error',
      signal: end.signal,
    });
    text = await response.text();
  } catch {
    if (end.signal.reason === late) throw late;
    throw new TransportError('transport/unreachable', 'the server could not be reached');
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
  return readFrames(response, text);
};
