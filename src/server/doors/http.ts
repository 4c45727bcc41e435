/**
 * The HTTP endpoint: the same frames and keys as on a WebSocket, in one POST. Any tab uses HTTP for queries, service workers use HTTP for
 * everything. This file knows no HTTP library: `node-http.ts` and `fetch.ts` hand it their requests.
 */
import { MAX_CLIENT_FRAME_BYTES } from '../../protocol/limits.ts';
import { CROWDED_ADDRESS_MS } from '../admission.ts';
import type { Core } from '../core.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import { errorDetails } from '../../logging.ts';
import { answerRequest, type DoorAnswer, refusal } from './answer-request.ts';
import { hasQuery, isOriginAllowed, originRefusal, QUERY_IN_URL } from './origin.ts';

/** Timeout for the transfer of a request, and of its answer. No client of this protocol waits longer. */
export const TRANSFERRED_WITHIN_MS = 30_000;

/** Also while the server closes: another server, or the next one, is there in a moment. */
const STARTING: DoorAnswer = { ...refusal(503, 'starting', 'server/busy'), retryAfterMs: 1000 };

/** One HTTP request to this endpoint. */
export interface HttpRequest {
  /** Path and query. */
  readonly url: string;
  readonly method: string;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** The address with the connection limit for this request. */
  address(): string | undefined;
  /** Reads the body. @returns `undefined` above {@link MAX_CLIENT_FRAME_BYTES}. @throws {TypeError} if the body is not UTF-8. */
  read(): Promise<string | undefined>;
  /** Ends the transfer of a request that takes too long. */
  abort(): void;
  /** Resolves when the answer has left, or when the client has gone away. */
  readonly over: Promise<void>;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpDoorOptions {
  readonly path: string;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly metrics: ServerMetrics;
}

export interface HttpDoor {
  /** Whether a request with this path and query is for this endpoint. */
  isMine(url: string): boolean;
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Resolves when the frames that have arrived are answered. */
  settled(): Promise<void>;
}

export const createHttpDoor = (core: () => Core | undefined, { path, allowedOrigins, metrics }: HttpDoorOptions): HttpDoor => {
  const answering = new Set<Promise<unknown>>();

  const answerPost = async (now: Core, request: HttpRequest): Promise<DoorAnswer> => {
    const ticket = now.admission.enter(request.address());
    if (!ticket) return { ...refusal(503, 'too many connections from this address', 'server/busy'), retryAfterMs: CROWDED_ADDRESS_MS };
    const gone = new AbortController();
    const { over } = request;
    void over.then(() => {
      ticket.leave();
      gone.abort();
    });
    const late = now.clock.timer(TRANSFERRED_WITHIN_MS, () => request.abort());
    let body: string | undefined;
    try {
      body = await request.read();
    } catch (error) {
      if (error instanceof TypeError) return refusal(400, 'not UTF-8');
      throw error;
    } finally {
      late();
    }
    if (body === undefined) return refusal(413, `at most ${MAX_CLIENT_FRAME_BYTES} bytes`);
    // The server may have begun to close meanwhile.
    if (!core()) return STARTING;
    const answered = answerRequest(now, body, ticket, gone.signal);
    answering.add(answered);
    return answered.finally(() => {
      answering.delete(answered);
      void over.then(now.clock.timer(TRANSFERRED_WITHIN_MS, () => request.abort()));
    });
  };

  const answer = async (request: HttpRequest, isAllowed: boolean): Promise<DoorAnswer> => {
    const { url, method, origin, host } = request;
    if (hasQuery(url)) return refusal(400, QUERY_IN_URL);
    if (method === 'OPTIONS') return { status: 204, body: '' };
    if (!isAllowed) return refusal(403, originRefusal(origin, host, allowedOrigins), 'auth/origin-refused');
    if (method !== 'POST') return refusal(405, 'POST frames, or open a WebSocket');
    const now = core();
    return now ? answerPost(now, request) : STARTING;
  };

  const headersOf = ({ status, retryAfterMs }: DoorAnswer, origin: string | undefined, isAllowed: boolean): Record<string, string> => ({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Origin',
    // Any page may read the reason of a refusal. A page with a forbidden origin gets no other answer.
    ...(origin ? { 'Access-Control-Allow-Origin': isAllowed ? origin : '*', 'Access-Control-Expose-Headers': 'Retry-After' } : {}),
    ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
    ...(status === 204
      ? { 'Access-Control-Allow-Methods': 'POST', 'Access-Control-Allow-Headers': 'Content-Type', 'Access-Control-Max-Age': '600' }
      : {}),
    ...(status === 405 ? { Allow: 'POST, OPTIONS' } : {}),
    ...(status === 413 ? { Connection: 'close' } : {}),
  });

  return {
    isMine: (url) => url.split('?', 1)[0] === path,
    async answer(request) {
      const { origin, host } = request;
      const isAllowed = isOriginAllowed(origin, host, allowedOrigins);
      const answered = await answer(request, isAllowed).catch((error: unknown) => {
        core()?.log('error', 'request-failed', errorDetails(error));
        return refusal(503, 'something failed; try again', 'server/busy');
      });
      if (answered.refused) metrics.add('tidemark_refusals_total', 1, { code: answered.refused });
      return { status: answered.status, headers: headersOf(answered, origin, isAllowed), body: answered.body };
    },
    settled: async () => void (await Promise.allSettled(answering)),
  };
};
