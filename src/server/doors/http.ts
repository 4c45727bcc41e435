/**
 * The HTTP endpoint: the same frames and keys as on a WebSocket, in one POST. Any tab uses HTTP for queries,
 * service workers use HTTP for everything.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ProtocolError } from '../../errors.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { decodeClientFrames, encodeFrame } from '../../protocol/codec.ts';
import { MAX_CLIENT_FRAME_BYTES } from '../../protocol/limits.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import { CROWDED_ADDRESS_MS, type Ticket } from '../admission.ts';
import { openConnection } from '../connection/connection.ts';
import type { Core } from '../core.ts';
import { hasQuery, isOriginAllowed, originRefusal, QUERY_IN_URL } from './origin.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import { errorDetails } from '../../logging.ts';

/**
 * The limits of one answer. A pull stops early, so a client on a slow line makes progress. Above the total,
 * the client asks for the rest in another request.
 */
const ANSWER = { pullChars: 64 * 1024, answerChars: 256 * 1024 };
const MAX_FRAMES = 256;
/** Timeout for the transfer of a request, and of its answer. No client of this protocol waits longer. */
const TRANSFERRED_WITHIN_MS = 30_000;

/**
 * Bytes read and dropped of a body above the limit. A client still sending would not see why the server
 * refuses.
 */
const MAX_REFUSED_BYTES = 1024 * 1024;

/** The answer to a request: a status, and a JSON array of frames. */
export interface DoorAnswer {
  readonly status: number;
  readonly body: string;
  /** The time until the client may retry. The header `Retry-After` repeats it for proxies. */
  readonly retryAfterMs?: number;
  /** The reason why the whole request was refused. */
  readonly refused?: Frame<'error'>['code'];
}

const STATUS: Partial<Record<Frame<'error'>['code'], number>> = {
  'auth/expired': 401,
  'auth/forbidden': 401,
  'auth/wrong-user': 403,
  'auth/origin-refused': 403,
  'server/busy': 503,
};

const refusal = (status: number, message: string, code: Frame<'error'>['code'] = 'protocol/bad-frame'): DoorAnswer => ({
  status,
  body: `[${encodeFrame({ type: 'error', code, message })}]`,
  refused: code,
});

/** Also while the server closes: another server, or the next one, is there in a moment. */
const STARTING: DoorAnswer = { ...refusal(503, 'starting', 'server/busy'), retryAfterMs: 1000 };

/** The error frame for a connection closed by the server. */
const endOf = (code: number): Frame<'error'> =>
  code === CLOSE.unauthorized
    ? { type: 'error', code: 'auth/forbidden', message: 'the token was revoked' }
    : { type: 'error', code: 'server/busy', message: 'come back later', retryAfterMs: 1000 };

/**
 * Answers the body of one request, without an HTTP library. Either the whole request is refused, or every
 * frame is answered in order.
 *
 * @param ticket given back when all work of the request has ended.
 * @param gone aborted when the client has gone away.
 */
export const answerRequest = async (core: Core, body: string, ticket: Ticket, gone?: AbortSignal): Promise<DoorAnswer> => {
  let frames;
  try {
    frames = decodeClientFrames(body);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refusal(400, error.message);
  }
  if (frames.length > MAX_FRAMES) return refusal(400, `at most ${MAX_FRAMES} frames in one request; got ${frames.length}`);
  if (frames[0]?.type !== 'hello') return refusal(400, 'hello comes first');
  const answers: string[] = [];
  let endedWith: number | undefined;
  const connection = openConnection(
    core,
    { send: (text) => void answers.push(text), close: (code) => (endedWith = code), buffered: 0 },
    { once: ANSWER, ticket },
  );
  gone?.addEventListener('abort', () => connection.closed());
  for (const frame of frames) connection.receive(encodeFrame(frame));
  await connection.settled();
  connection.closed();
  if (endedWith === undefined) return { status: 200, body: `[${answers.join(',')}]` };
  let last = JSON.parse(answers[answers.length - 1] ?? 'null') as ServerFrame | null;
  if (last?.type !== 'error') answers.push(encodeFrame((last = endOf(endedWith))));
  const { code, retryAfterMs } = last;
  return { status: STATUS[code] ?? 400, body: `[${answers.join(',')}]`, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
};

/** The request's body as text; `undefined` above the limit. */
const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_REFUSED_BYTES) break;
    if (bytes <= MAX_CLIENT_FRAME_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_CLIENT_FRAME_BYTES) return undefined;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
};

export interface HttpDoorOptions {
  readonly path: string;
  readonly allowedOrigins: readonly string[] | undefined;
  /** The address with the connection limit for this request. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly metrics: ServerMetrics;
}

export interface HttpDoor {
  /** @returns whether the request was for this endpoint, which then answers it. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Resolves when the frames that have arrived are answered. */
  settled(): Promise<void>;
}

export const createHttpDoor = (core: () => Core | undefined, { path, allowedOrigins, addressOf, metrics }: HttpDoorOptions): HttpDoor => {
  const answering = new Set<Promise<void>>();
  const handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = request.url ?? '/';
    if (url.split('?', 1)[0] !== path) return false;
    const { origin, host } = request.headers;
    const isAllowed = isOriginAllowed(origin, host, allowedOrigins);
    const answer = ({ status, body, retryAfterMs, refused }: DoorAnswer, headers: Record<string, string> = {}): void => {
      if (refused) metrics.add('tidemark_refusals_total', 1, { code: refused });
      if (response.headersSent) return;
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        Vary: 'Origin',
        // Any page may read the reason of a refusal. A page with a forbidden origin gets no other answer.
        ...(origin ? { 'Access-Control-Allow-Origin': isAllowed ? origin : '*', 'Access-Control-Expose-Headers': 'Retry-After' } : {}),
        ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
        ...headers,
      });
      response.end(body);
    };
    const work = async (): Promise<void> => {
      if (hasQuery(url)) return answer(refusal(400, QUERY_IN_URL));
      if (request.method === 'OPTIONS')
        return answer(
          { status: 204, body: '' },
          { 'Access-Control-Allow-Methods': 'POST', 'Access-Control-Allow-Headers': 'Content-Type', 'Access-Control-Max-Age': '600' },
        );
      if (!isAllowed) return answer(refusal(403, originRefusal(origin, host, allowedOrigins), 'auth/origin-refused'));
      if (request.method !== 'POST') return answer(refusal(405, 'POST frames, or open a WebSocket'), { Allow: 'POST, OPTIONS' });
      const now = core();
      if (!now) return answer(STARTING);
      const ticket = now.admission.enter(addressOf(request));
      if (!ticket)
        return answer({ ...refusal(503, 'too many connections from this address', 'server/busy'), retryAfterMs: CROWDED_ADDRESS_MS });
      const over = new Promise<void>((resolve) => response.on('close', resolve));
      void over.then(() => ticket.leave());
      let body: string | undefined;
      const late = now.clock.timer(TRANSFERRED_WITHIN_MS, () => request.destroy());
      try {
        body = await readBody(request);
      } catch (error) {
        if (error instanceof TypeError) return answer(refusal(400, 'not UTF-8'));
        throw error;
      } finally {
        late();
      }
      if (body === undefined) return answer(refusal(413, `at most ${MAX_CLIENT_FRAME_BYTES} bytes`), { Connection: 'close' });
      // The server may have begun to close meanwhile.
      if (!core()) return answer(STARTING);
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const answered = answerRequest(now, body, ticket, gone.signal).then((done) => answer(done));
      answering.add(answered);
      await answered.finally(() => answering.delete(answered));
      void over.then(now.clock.timer(TRANSFERRED_WITHIN_MS, () => response.destroy()));
    };
    work().catch((error: unknown) => {
      core()?.log('error', 'request-failed', errorDetails(error));
      if (!response.headersSent && !response.destroyed) answer(refusal(503, 'something failed; try again', 'server/busy'));
    });
    return true;
  };
  return { handle, settled: async () => void (await Promise.allSettled(answering)) };
};
