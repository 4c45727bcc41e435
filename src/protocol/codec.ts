/** Encodes and decodes frames. The codec checks size, depth and shape before any other code reads a frame. */
import { byteLength } from '../model/byte-length.ts';
import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import { type ClientFrame, ClientFrameShape, type ServerFrame, ServerFrameShape } from './frames.ts';
import { MAX_DEPTH, MAX_PUSH_BYTES } from './limits.ts';
import { type DeclarativePush, DeclarativePushShape, type PushFrame, PushShape } from './push.ts';

/** The nesting depth of arrays and objects in a JSON text, measured without parsing the text (F101). */
export const depthOf = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // a string: skip to the closing quote
        for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
  return deepest;
};

const bad = (why: string): ProtocolError => new ProtocolError('protocol/bad-frame', why);

/**
 * The first key inherited by every object, such as `__proto__`. The schema of an entry that is not checked yet does not refuse such a key,
 * so the codec looks for it (F103).
 */
const inheritedKeyIn = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    if (key in Object.prototype) return key;
    const below = inheritedKeyIn(item);
    if (below !== undefined) return below;
  }
  return undefined;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw bad('not JSON');
  }
};

/**
 * Parses a text whose schema leaves room for other keys: the entries of a `submit` are not checked yet, and a push may be newer than the
 * device. The schemas of a server's frames leave no room for other keys or for more depth.
 */
const parse = (text: string): unknown => {
  if (depthOf(text) > MAX_DEPTH) throw bad(`nested deeper than ${MAX_DEPTH}`);
  const value = parseJson(text);
  const key = inheritedKeyIn(value);
  if (key !== undefined) throw new BadFrame(`unknown key ${key}`, requestIdIn(value));
  return value;
};

const explain = (issues: readonly v.BaseIssue<unknown>[]): string => {
  const issue = issues[0];
  return issue ? `${v.getDotPath(issue) ?? 'frame'}: ${issue.message}` : 'malformed';
};

/**
 * The request id of a refused frame, so the sender knows which frame was refused; `undefined` if the frame
 * has none.
 */
export const requestIdIn = (value: unknown): number | undefined => {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
  return Number.isSafeInteger(id) && (id as number) > 0 ? (id as number) : undefined;
};

/** A refused frame, with its request id if known. */
export class BadFrame extends ProtocolError {
  constructor(
    message: string,
    readonly requestId: number | undefined,
  ) {
    super('protocol/bad-frame', message);
  }
}

const read = <T>(shape: v.GenericSchema<unknown, T>, value: unknown): T => {
  const result = v.safeParse(shape, value, { abortEarly: true });
  if (result.success) return result.output;
  throw new BadFrame(explain(result.issues), requestIdIn(value));
};

/** Writes a frame as text. */
export const encodeFrame = (frame: ClientFrame | ServerFrame | PushFrame | DeclarativePush): string => JSON.stringify(frame);

/** @throws {ProtocolError} `protocol/bad-frame` with the first thing wrong. */
export const decodeClientFrame = (text: string): ClientFrame => read(ClientFrameShape, parse(text));

/** @throws {ProtocolError} `protocol/bad-frame` with the first thing wrong. */
export const decodeServerFrame = (text: string): ServerFrame => read(ServerFrameShape, parseJson(text));

/**
 * Whether a text is longer than a push may be. A UTF-16 code unit takes at most three bytes of UTF-8, so a short text
 * needs no encoding.
 */
export const isTooLongForPush = (text: string): boolean => text.length * 3 > MAX_PUSH_BYTES && byteLength(text) > MAX_PUSH_BYTES;

/**
 * Decodes the payload of a push, in its plain or in its declarative form. @throws {ProtocolError}
 * `protocol/bad-frame` with the first thing wrong.
 */
export const decodePush = (text: string): PushFrame => {
  if (isTooLongForPush(text)) throw bad(`over ${MAX_PUSH_BYTES} bytes`);
  const value = parse(text);
  const isDeclarative = typeof value === 'object' && value !== null && 'web_push' in value;
  return isDeclarative ? read(DeclarativePushShape, value).notification.data : read(PushShape, value);
};

/** Decodes the body of an HTTP request: a JSON array of frames, hello first. */
export const decodeClientFrames = (text: string): ClientFrame[] => {
  const list = parse(text);
  if (!Array.isArray(list)) throw bad('expected an array of frames');
  return list.map((frame) => read(ClientFrameShape, frame));
};

/** Decodes the body of an HTTP answer: a JSON array of frames. */
export const decodeServerFrames = (text: string): ServerFrame[] => {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw bad('expected an array of frames');
  return list.map((frame) => read(ServerFrameShape, frame));
};
