/** Frames over the HTTP door: for queries from any tab, for the service worker, and where no socket stays open. */
import { ProtocolError, TransportError } from '../errors.ts';
import { decodeServerFrames } from '../protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';

/** The same address by HTTP. */
export const httpAddress = (url: string): string => url.replace(/^ws/, 'http');

export const requestOverHttp = async (url: string, frames: readonly ClientFrame[], timeoutMs: number): Promise<ServerFrame[]> => {
  let response: Response;
  let text: string;
  try {
    response = await fetch(httpAddress(url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(frames),
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError')
      throw new TransportError('transport/timeout', `no answer within ${timeoutMs} ms`);
    throw new TransportError('transport/unreachable', 'the server could not be reached');
  }
  try {
    // Refusals are frames too; what is no array of frames is somebody else's page (F52).
    return decodeServerFrames(text);
  } catch (error) {
    if (error instanceof ProtocolError && response.ok) throw error;
    throw new TransportError('transport/unreachable', `the server answered ${response.status}`);
  }
};
