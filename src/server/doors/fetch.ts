/** Requests of the web's own types, for hosts that route `Request` to `Response`: Hono, Bun, Deno, Next. */
import type { HttpDoor } from './http.ts';
import { readBody } from './read-body.ts';

const NONE: AsyncIterable<Uint8Array> = (async function* () {})();

/** @returns null if the request is for another path. */
export const answerFetch = async (door: HttpDoor, request: Request, address: string | undefined): Promise<Response | null> => {
  const { pathname, search, host } = new URL(request.url);
  const url = pathname + search;
  if (!door.isMine(url)) return null;
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  request.signal.addEventListener('abort', end);
  const reading = new AbortController();
  const late = new Promise<never>((_, reject) => {
    reading.signal.addEventListener('abort', () => reject(new Error('the request took too long')));
  });
  late.catch(() => undefined);
  const { status, headers, body } = await door.answer({
    url,
    method: request.method,
    origin: request.headers.get('origin') ?? undefined,
    host: request.headers.get('host') ?? host,
    address: () => address,
    read: () => Promise.race([readBody((request.body as AsyncIterable<Uint8Array> | null) ?? NONE), late]),
    abort: () => reading.abort(),
    over,
  });
  // The host sends the answer. This server cannot see when the answer has left, so the request's place is free from here on.
  end();
  return new Response(status === 204 ? null : body, { status, headers });
};
