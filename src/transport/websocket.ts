/** Frames over a WebSocket. The transport abandons a silently dead socket without waiting for its end (F46). */
import { ProtocolError } from '../errors.ts';
import type { Link, LinkHandlers } from '../ports/ports.ts';
import { decodeServerFrame, encodeFrame } from '../protocol/codec.ts';
import { MAX_SERVER_FRAME_BYTES } from '../protocol/limits.ts';

export const connectWebSocket = (url: string, handlers: LinkHandlers): Link => {
  let socket: WebSocket | undefined;
  let done = false;
  const finish = (code: number, reason: string): void => {
    if (done) return;
    done = true;
    handlers.closed(code, reason);
  };
  try {
    const opening = new WebSocket(url);
    socket = opening;
    opening.onopen = () => {
      if (!done) handlers.opened();
    };
    opening.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (done) return;
      try {
        if (typeof data !== 'string' || data.length > MAX_SERVER_FRAME_BYTES)
          throw new ProtocolError('protocol/bad-frame', 'not a frame of this protocol');
        handlers.frame(decodeServerFrame(data));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        handlers.malformed(error);
      }
    };
    opening.onclose = ({ code, reason }) => finish(code, reason);
    // The close event follows in the same task. WebKit sends none for a refused address (a blocked port), so the error
    // ends the link.
    opening.onerror = () => setTimeout(() => finish(1006, ''));
  } catch (error) {
    // A refused address or port throws instead of closing.
    queueMicrotask(() => finish(1006, String(error)));
  }
  return {
    send(frame) {
      if (!done && socket?.readyState === WebSocket.OPEN) socket.send(encodeFrame(frame));
    },
    get buffered() {
      return socket?.bufferedAmount ?? 0;
    },
    close() {
      done = true;
      if (!socket) return;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    },
  };
};
