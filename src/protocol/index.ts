/**
 * The entry point `./protocol`: the wire, for authors of another server or client. `PROTOCOL.md` beside this
 * file is the document.
 */
export { PROTOCOL_VERSION } from './version.ts';
export { CLOSE, isFinalClose } from './close-codes.ts';
export { decodeClientFrame, decodeClientFrames, decodePush, decodeServerFrame, decodeServerFrames, encodeFrame } from './codec.ts';
export { MAX_CLIENT_FRAME_BYTES, MAX_DEPTH, MAX_PUSH_BYTES, MAX_SERVER_FRAME_BYTES } from './limits.ts';
export { type ClientFrame, ClientFrameShape, type Frame, type Limits, type ServerFrame, ServerFrameShape } from './frames.ts';
export { EntryShape, type WireEntry, type WireResult } from './submit.ts';
export { type DeclarativePush, DeclarativePushShape, type PushFrame, PushShape } from './push.ts';
export type { WireMessage } from './changes.ts';
