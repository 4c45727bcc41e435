/** Reads the body of a request, up to a limit. */
import { MAX_CLIENT_FRAME_BYTES } from '../../protocol/limits.ts';

/** Bytes read and dropped of a body above the limit. A client still sending would not see why the server refuses. */
const MAX_REFUSED_BYTES = 1024 * 1024;

/** @returns the text; `undefined` above {@link MAX_CLIENT_FRAME_BYTES}. @throws {TypeError} if the bytes are not UTF-8. */
export const readBody = async (body: AsyncIterable<Uint8Array>): Promise<string | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REFUSED_BYTES) break;
    if (bytes <= MAX_CLIENT_FRAME_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_CLIENT_FRAME_BYTES) return undefined;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
};

/** The text of a body that the host's body parser has read already: a text, bytes, or parsed JSON. */
export const parsedBody = (body: unknown): string | undefined => {
  const text =
    typeof body === 'string'
      ? body
      : body instanceof Uint8Array
        ? new TextDecoder('utf-8', { fatal: true }).decode(body)
        : JSON.stringify(body);
  return Buffer.byteLength(text) > MAX_CLIENT_FRAME_BYTES ? undefined : text;
};
