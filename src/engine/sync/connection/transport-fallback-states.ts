/**
 * The life of one transport as a pure state machine: no I/O, no clock. A transport begins with a WebSocket and may fall back to HTTP. Every
 * state answers every event; the `Transport` runs the effects.
 *
 * Until the server has sent a first frame:
 * - `socket-opening`: the WebSocket is opening.
 * - `socket-silent`: the WebSocket is open.
 * - `http-opening`: the HTTP link begins. The caller has not been told that the transport is open.
 * - `http-resuming`: the HTTP link begins. The caller has sent frames on the WebSocket before.
 * - `http-silent`: the HTTP link is open.
 *
 * After the first frame:
 * - `on-socket`: the WebSocket carries the frames, for as long as this transport lives.
 * - `on-http`: the HTTP link carries the frames. A timer leads to the next attempt with a WebSocket.
 * - `http-trying`: the HTTP link carries the frames, while a second WebSocket, the candidate, waits for `welcome`.
 *
 * - `closed`: nothing is sent or heard any more.
 */
export type State =
  | 'socket-opening'
  | 'socket-silent'
  | 'http-opening'
  | 'http-resuming'
  | 'http-silent'
  | 'on-socket'
  | 'on-http'
  | 'http-trying'
  | 'closed';

export type Event =
  /** The link in use is open. */
  | 'opened'
  /** The link in use brought a frame of the server. */
  | 'frame'
  /** The link in use brought bytes that are no frame. The caller decides how to go on. */
  | 'malformed'
  /** The link in use closed without a reason of the server, and the transport may not fall back. */
  | 'broke'
  /** The link in use closed like this, or brought no frame in time, and the transport may fall back. */
  | 'link-failed'
  /** The server closed the link in use, and gave a reason. */
  | 'server-closed'
  | 'retry-due'
  /** The server sent `welcome` on the candidate. */
  | 'candidate-welcomed'
  /** The candidate closed, brought anything but `welcome`, or took too long. */
  | 'candidate-failed'
  /** The caller closes the transport. */
  | 'close';

export type Effect =
  | 'tell-opened'
  | 'tell-frame'
  | 'tell-malformed'
  | 'tell-closed'
  /** Another link carries the frames from here on: the server will not answer earlier requests. */
  | 'tell-moved'
  /** Closes the WebSocket and begins an HTTP link. */
  | 'fall-back'
  /** Sends on the HTTP link all frames that the caller sent on the WebSocket. */
  | 'repeat-frames'
  | 'forget-frames'
  /** The server was heard over a WebSocket: the next transport begins without fallback. */
  | 'count-success'
  | 'start-retry'
  | 'open-candidate'
  | 'drop-candidate'
  /** Closes the HTTP link; the candidate is the link in use. */
  | 'use-candidate'
  | 'cancel-timer'
  /** Closes all links. */
  | 'release';

export interface Cell {
  readonly to: State;
  readonly effects: readonly Effect[];
}

const go = (to: State, ...effects: Effect[]): Cell => ({ to, effects });

/** An open transport: events that the state does not expect change nothing, and each end of the link in use ends the transport. */
const open = (state: State): Record<Event, Cell> => ({
  opened: go(state),
  frame: go(state, 'tell-frame'),
  malformed: go(state, 'tell-malformed'),
  broke: go('closed', 'cancel-timer', 'release', 'tell-closed'),
  'link-failed': go('closed', 'cancel-timer', 'release', 'tell-closed'),
  'server-closed': go('closed', 'cancel-timer', 'release', 'tell-closed'),
  'retry-due': go(state),
  'candidate-welcomed': go(state),
  'candidate-failed': go(state),
  close: go('closed', 'cancel-timer', 'release'),
});

const onSocket = (state: State): Record<Event, Cell> => ({
  ...open(state),
  'server-closed': go('closed', 'cancel-timer', 'release', 'count-success', 'tell-closed'),
});

const firstFrameOnSocket = go('on-socket', 'cancel-timer', 'forget-frames', 'count-success', 'tell-frame');
const firstFrameOnHttp = go('on-http', 'forget-frames', 'start-retry', 'tell-frame');

/** The table is total by its type: a new state or event does not compile until each of its cells is written. */
export const TABLE: Record<State, Record<Event, Cell>> = {
  'socket-opening': {
    ...onSocket('socket-opening'),
    opened: go('socket-silent', 'tell-opened'),
    frame: firstFrameOnSocket,
    'link-failed': go('http-opening', 'cancel-timer', 'fall-back'),
  },
  'socket-silent': {
    ...onSocket('socket-silent'),
    frame: firstFrameOnSocket,
    'link-failed': go('http-resuming', 'cancel-timer', 'fall-back'),
  },
  'http-opening': { ...open('http-opening'), opened: go('http-silent', 'tell-opened'), frame: firstFrameOnHttp },
  'http-resuming': { ...open('http-resuming'), opened: go('http-silent', 'repeat-frames'), frame: firstFrameOnHttp },
  'http-silent': { ...open('http-silent'), frame: firstFrameOnHttp },
  'on-socket': onSocket('on-socket'),
  'on-http': { ...open('on-http'), 'retry-due': go('http-trying', 'open-candidate') },
  'http-trying': {
    ...open('http-trying'),
    'candidate-welcomed': go('on-socket', 'cancel-timer', 'use-candidate', 'count-success', 'tell-frame', 'tell-moved'),
    'candidate-failed': go('on-http', 'cancel-timer', 'drop-candidate', 'start-retry'),
  },
  closed: {
    opened: go('closed'),
    frame: go('closed'),
    malformed: go('closed'),
    broke: go('closed'),
    'link-failed': go('closed'),
    'server-closed': go('closed'),
    'retry-due': go('closed'),
    'candidate-welcomed': go('closed'),
    'candidate-failed': go('closed'),
    close: go('closed'),
  },
};

export const transition = (state: State, event: Event): Cell => TABLE[state][event];

const BEFORE_FIRST_FRAME: ReadonlySet<State> = new Set(['socket-opening', 'socket-silent', 'http-opening', 'http-resuming', 'http-silent']);

/** Tells whether the server has not sent a first frame: the caller's frames may have to be repeated on another link. */
export const awaitsFirstFrame = (state: State): boolean => BEFORE_FIRST_FRAME.has(state);
