/** The HTTP endpoint of the server under test. */
import { decodeServerFrames } from '../../protocol/codec.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';
import { demand, like, shown } from '../demand.ts';
import type { Ledger } from '../ledger.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly frames: readonly ServerFrame[];
  readonly headers: Headers;
}

export interface RequestOptions {
  readonly ledger: Ledger;
  readonly userId: string;
  readonly patienceMs: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP address of a WebSocket address. */
export const httpOf = (url: string): string => url.replace(/^ws/, 'http');

const framesOf = (text: string, { ledger, userId }: RequestOptions): ServerFrame[] => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  // The ledger reads each frame as if it came alone.
  const frames = list.map((one) => ledger.read(userId, JSON.stringify(one))).filter((one) => one !== undefined);
  try {
    decodeServerFrames(text);
  } catch (error) {
    if (frames.length === list.length) ledger.note('shape', `${error instanceof Error ? error.message : 'unreadable'}: ${shown(text)}`);
  }
  return frames;
};

/** Sends a request. A list becomes JSON; a text is sent as it is. */
export const request = async (url: string, body: string | readonly object[] | undefined, options: RequestOptions): Promise<HttpAnswer> => {
  const response = await fetch(httpOf(url), {
    method: options.method ?? 'POST',
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...options.headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(options.patienceMs),
  });
  const frames = framesOf(await response.text(), options);
  return { status: response.status, type: response.headers.get('Content-Type') ?? '', frames, headers: response.headers };
};

/** @throws {Mismatch} unless the answer has this status, and one error of this code alone. */
export const refusedWith = ({ status, frames }: HttpAnswer, wanted: number, code: Frame<'error'>['code'], why: string): void => {
  demand(status === wanted, `status ${wanted} for ${why}`, `status ${status} and ${shown(frames)}`);
  like(frames.at(-1), { type: 'error', code }, `an error frame in the answer to ${why}`);
};
