/** A network with a server that answers "not now" to frames of the test's choice, and records the refusals. */
import type { ClientFrame, Frame, ServerFrame } from '../../src/protocol/frames.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';

export interface Refusing {
  /** The refused frames; none by default. */
  refuses: (frame: ClientFrame) => boolean;
  retryAfterMs: number;
  /** Whether no socket opens, so all frames go over HTTP. */
  noSockets: boolean;
  /** Whether each HTTP request is refused unread, as a proxy does. */
  refusesRequests: boolean;
  /** Times of the refusals, in ms. */
  readonly asked: number[];
}

const refusal = ({ retryAfterMs }: Refusing, frame?: ClientFrame): Frame<'error'> => ({
  type: 'error',
  code: 'server/busy',
  message: 'not now',
  retryAfterMs,
  ...(frame && 'id' in frame ? { id: frame.id } : {}),
});

/** Must be called before any tab of the device is opened. */
export const refusing = (device: VirtualDevice): Refusing => {
  const state: Refusing = { refuses: () => false, retryAfterMs: 1000, noSockets: false, refusesRequests: false, asked: [] };
  const { network } = device;
  const port = network.port.bind(network);
  network.port = (process) => {
    const real = port(process);
    return {
      connect(handlers) {
        let isOpen = true;
        if (state.noSockets) {
          process.later(10, 'no socket', () => isOpen && handlers.closed(1006, ''));
          return { buffered: 0, send: () => undefined, close: () => void (isOpen = false) };
        }
        const link = real.connect(handlers);
        return {
          buffered: 0,
          send(frame) {
            if (!state.refuses(frame)) return link.send(frame);
            state.asked.push(device.now);
            process.later(20, 'is refused', () => isOpen && handlers.frame(refusal(state, frame)));
          },
          close() {
            isOpen = false;
            link.close();
          },
        };
      },
      async request(frames, timeoutMs, signal) {
        const refused = frames.find((frame) => state.refuses(frame));
        if (!refused && !state.refusesRequests) return real.request(frames, timeoutMs, signal);
        state.asked.push(device.now);
        const welcome: ServerFrame[] = state.refusesRequests ? [] : await real.request(frames.slice(0, 1), timeoutMs, signal);
        return [...welcome, refusal(state, state.refusesRequests ? undefined : refused)];
      },
    };
  };
  return state;
};
