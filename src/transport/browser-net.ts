/** The network of a browser: WebSocket and HTTP. */
import type { NetPort } from '../ports/ports.ts';
import { requestOverHttp } from './http.ts';
import { connectWebSocket } from './websocket.ts';

export const browserNet = (url: string): NetPort => ({
  connect: (handlers) => connectWebSocket(url, handlers),
  request: (frames, timeoutMs, signal) => requestOverHttp(url, frames, timeoutMs, signal),
});
