/**
 * The life of one connection, as a pure state machine: no I/O, no clock. Every state answers every event; `sync.ts` runs the effects.
 *
 *     ┌──────┐ start  ┌───────┐ token  ┌─────────┐ opened ┌──────────┐ welcome ┌─────────────┐ caught up ┌──────┐
 *     │ idle │ ─────▶ │ token │ ─────▶ │ opening │ ─────▶ │ greeting │ ──────▶ │ catching-up │ ────────▶ │ live │
 *     └──────┘        └───────┘        └─────────┘        └──────────┘         └─────────────┘ ◀──────── └──────┘
 *                       ▲   │ token         │ lost              │ lost                │ lost     moved       │ lost
 *             retry due │   │ failed        │                   │                     │                      │
 *                       │   ▼               ▼                   ▼                     ▼                      ▼
 *                     ┌─────────────────────────────────────────────────────────────────────────────────────────┐
 *                     │ waiting                                                                                 │
 *                     └─────────────────────────────────────────────────────────────────────────────────────────┘
 *
 *     every state ── stop ──▶ idle      waiting ── nudge ──▶ waiting, and the retry is due earlier
 *     token and every state to its right ── refused ──▶ stopped
 *     every state to the right of token ── token refused ──▶ token
 */
import type { ErrorCode } from '../../../errors.ts';
import { BACKOFF_CAP_MS, RESTART_SPREAD_MS, UNREACHABLE_CAP_MS } from '../../../model/backoff.ts';
import type { DisconnectReason } from './disconnect-reason.ts';

/**
 * `idle`: no connection is wanted, because the account is paused, the tab is a follower, or the client is closed.
 * `waiting`: the next attempt is due later.
 * `token`: the app is asked for a token.
 * `opening`: the socket is opening.
 * `greeting`: the client has sent `hello` and `pull`.
 * `catching-up`: the server has named the account, and changes come in.
 * `live`: the client has all changes.
 * `stopped`: the server's refusal is final.
 */
export type State = 'idle' | 'waiting' | 'token' | 'opening' | 'greeting' | 'catching-up' | 'live' | 'stopped';

export type Event =
  /** This tab leads, and the account is not paused. */
  | 'start'
  /** This tab does not lead any more, or the account is paused. */
  | 'stop'
  | 'retry-due'
  /** A reason to try soon: the network or the page came back, the app called `flush()`, or a push came. */
  | 'nudge'
  | 'token-ready'
  | 'token-failed'
  | 'opened'
  | 'welcome'
  | 'caught-up'
  /** The connection closed, went silent, or carried a malformed frame. Another attempt is worth it. */
  | 'lost'
  /** The server refused a token from an earlier connection. The app is asked for another token at once. */
  | 'token-refused'
  /** The server's refusal is final: the token names another user, or the versions do not match. */
  | 'refused'
  /** The connection has lasted long enough to call the network good (F57). */
  | 'stable'
  /** The transport changed to a better connection to the same account, and the one before did not end (F53). */
  | 'moved';

export type Effect =
  | 'ask-token'
  | 'open'
  /** Sends `hello` and `pull` together. */
  | 'greet'
  | 'submit-and-fetch'
  /** Sends the unanswered requests again. */
  | 'begin-again'
  /** Pings the server at once, with a short timeout. */
  | 'probe'
  /** Ends the session: the connect timer, the heartbeat, every open request, and the question for a token. */
  | 'end-session'
  /** Closes the socket. */
  | 'abandon'
  /**
   * Waits for the next attempt, within {@link retryLimits} of the failure that the event carries. After an event without a failure, waits as
   * short as the server and the nudge before allow.
   */
  | 'arm-retry'
  | 'disarm-retry'
  /** Begins to measure whether the connection is stable. */
  | 'arm-stable'
  | 'count-failure'
  | 'forget-failures';

export interface Cell {
  readonly to: State;
  readonly effects: readonly Effect[];
}

const cell = (to: State, ...effects: Effect[]): Cell => ({ to, effects });

/** The row of a state that has a session. */
const connecting = (state: State): Record<Event, Cell> => ({
  start: cell(state),
  stop: cell('idle', 'end-session', 'abandon'),
  'retry-due': cell(state),
  nudge: cell(state),
  'token-ready': cell(state),
  'token-failed': cell(state),
  opened: cell(state),
  welcome: cell(state),
  'caught-up': cell(state),
  lost: cell('waiting', 'end-session', 'abandon', 'count-failure', 'arm-retry'),
  'token-refused': cell('token', 'end-session', 'abandon', 'ask-token'),
  refused: cell('stopped', 'end-session', 'abandon'),
  stable: cell(state),
  moved: cell(state),
});

/** The row of a state without a session. */
const resting = (state: State): Record<Event, Cell> => ({
  ...connecting(state),
  stop: cell('idle'),
  // Late events of an abandoned connection change nothing.
  lost: cell(state),
  'token-refused': cell(state),
  refused: cell(state),
});

/** Total by type: a new state or event does not compile until every cell is decided. */
export const TABLE: Record<State, Record<Event, Cell>> = {
  idle: { ...resting('idle'), start: cell('token', 'ask-token') },
  waiting: {
    ...resting('waiting'),
    stop: cell('idle', 'disarm-retry'),
    'retry-due': cell('token', 'ask-token'),
    nudge: cell('waiting', 'arm-retry'),
  },
  token: {
    ...connecting('token'),
    stop: cell('idle', 'end-session'),
    'token-refused': cell('token'),
    'token-ready': cell('opening', 'open'),
    'token-failed': cell('waiting', 'end-session', 'count-failure', 'arm-retry'),
  },
  opening: { ...connecting('opening'), opened: cell('greeting', 'greet') },
  greeting: { ...connecting('greeting'), welcome: cell('catching-up', 'submit-and-fetch') },
  'catching-up': {
    ...connecting('catching-up'),
    'caught-up': cell('live', 'submit-and-fetch', 'arm-stable'),
    nudge: cell('catching-up', 'probe'),
    moved: cell('catching-up', 'begin-again', 'submit-and-fetch'),
  },
  live: {
    ...connecting('live'),
    nudge: cell('live', 'probe'),
    stable: cell('live', 'forget-failures'),
    moved: cell('catching-up', 'begin-again', 'submit-and-fetch'),
  },
  // Only a new client, or another token through `start` after `stop`, leaves this state.
  stopped: { ...resting('stopped'), stop: cell('idle'), start: cell('stopped') },
};

export const transition = (state: State, event: Event): Cell => TABLE[state][event];

/** Why an attempt failed. The events `lost` and `token-failed` carry a failure. */
export type Failure = Omit<DisconnectReason, 'next'>;

/** Error codes of a failed network, unless the server itself gave the reason. */
const OF_NETWORK: ReadonlySet<ErrorCode> = new Set(['transport/unreachable', 'transport/timeout', 'transport/closed']);

/** The bounds of the wait after a failure. A failed network is tried more often than a server that refuses. */
export const retryLimits = ({
  error,
  isServersWord = false,
  inCrowd = false,
}: Failure): { readonly spreadMs: number; readonly capMs: number } => ({
  spreadMs: inCrowd ? RESTART_SPREAD_MS : 0,
  capMs: OF_NETWORK.has(error.code) && !isServersWord ? UNREACHABLE_CAP_MS : BACKOFF_CAP_MS,
});
