/** Answers the frames of one request, without an HTTP library. */
import { ProtocolError } from '../../errors.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { decodeClientFrames, encodeFrame } from '../../protocol/codec.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import type { Ticket } from '../admission.ts';
import { openConnection } from '../connection/connection.ts';
import type { Core } from '../core.ts';

/**
 * The limits of one answer. A pull stops early, so a client on a slow line makes progress. Above the total,
 * the client asks for the rest in another request.
 */
const ANSWER = { pullChars: 64 * 1024, answerChars: 256 * 1024 };
const MAX_FRAMES = 256;

/** The answer to a request: a status, and a JSON array of frames. */
export interface DoorAnswer {
  /** The status of the answer. */
  readonly status: number;
  /** The body of the answer: JSON. */
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

/** An answer that refuses the whole request. */
export const refusal = (status: number, message: string, code: Frame<'error'>['code'] = 'protocol/bad-frame'): DoorAnswer => ({
  status,
  body: `[${encodeFrame({ type: 'error', code, message })}]`,
  refused: code,
});

/** The error frame for a connection closed by the server. */
const endOf = (code: number): Frame<'error'> =>
  code === CLOSE.unauthorized
    ? { type: 'error', code: 'auth/forbidden', message: 'the token was revoked' }
    : { type: 'error', code: 'server/busy', message: 'come back later', retryAfterMs: 1000 };

/**
 * Answers the body of one request. Either the whole request is refused, or every
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
