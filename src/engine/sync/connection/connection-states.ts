/**
 * Connection life as a pure state machine: no I/O, no clock. Every state answers every event; the shell runs the effects.
 *
 * `idle` nothing wanted (paused, follower, closed) · `waiting` for the next attempt · `token` asked of the app · `opening` the socket ·
 * `greeting` hello and pull sent · `catching-up` the account is named, changes come in · `live` · `stopped` for good.
 */
export type State = 'idle' | 'waiting' | 'token' | 'opening' | 'greeting' | 'catching-up' | 'live' | 'stopped';

export type Event =
  /** This tab leads and the account is not paused; or no longer so. */
  | 'start'
  | 'stop'
  | 'retry-due'
  /** Something suggests that trying now is worth it: online, visible, thawed, a flush. */
  | 'nudge'
  | 'token-ready'
  | 'token-failed'
  | 'opened'
  | 'welcome'
  | 'caught-up'
  /** Closed, silent, or malformed: worth another attempt. */
  | 'lost'
  /** The token was refused, and it was one of before: the app is asked for another, at once. */
  | 'token-refused'
  /** A final word: wrong user, version. */
  | 'refused'
  /** Connected for long enough to call the network good (F57). */
  | 'stable'
  /** A better road to the same account was found: another connection, without an end of the one before (F53). */
  | 'moved';

export type Effect =
  | 'ask-token'
  | 'open'
  /** hello and pull, in one flight. */
  | 'greet'
  | 'submit-and-fetch'
  /** What was asked and not answered is asked again. */
  | 'begin-again'
  /** Is the other side still there? Asked at once, with a short patience. */
  | 'probe'
  | 'abandon'
  | 'arm-retry'
  | 'disarm-retry'
  | 'count-failure'
  | 'forget-failures';

export interface Cell {
  readonly to: State;
  readonly effects: readonly Effect[];
}

const stay = (to: State, ...effects: Effect[]): Cell => ({ to, effects });
const go = stay;

const connecting = (state: State): Record<Event, Cell> => ({
  start: stay(state),
  stop: go('idle', 'abandon'),
  'retry-due': stay(state),
  nudge: stay(state),
  'token-ready': stay(state),
  'token-failed': stay(state),
  opened: stay(state),
  welcome: stay(state),
  'caught-up': stay(state),
  lost: go('waiting', 'abandon', 'count-failure', 'arm-retry'),
  'token-refused': go('token', 'abandon', 'ask-token'),
  refused: go('stopped', 'abandon'),
  stable: stay(state),
  moved: stay(state),
});

const resting = (state: State): Record<Event, Cell> => ({
  ...connecting(state),
  stop: go('idle'),
  // Late words of a connection that was already abandoned.
  lost: stay(state),
  'token-refused': stay(state),
  refused: stay(state),
});

/** Total by its type: a new state or event does not compile until every cell is thought of. */
export const TABLE: Record<State, Record<Event, Cell>> = {
  idle: { ...resting('idle'), start: go('token', 'ask-token') },
  waiting: {
    ...resting('waiting'),
    stop: go('idle', 'disarm-retry'),
    'retry-due': go('token', 'ask-token'),
    nudge: go('token', 'disarm-retry', 'ask-token'),
  },
  token: {
    ...connecting('token'),
    stop: go('idle'),
    'token-refused': stay('token'),
    'token-ready': go('opening', 'open'),
    'token-failed': go('waiting', 'count-failure', 'arm-retry'),
  },
  opening: { ...connecting('opening'), opened: go('greeting', 'greet') },
  greeting: { ...connecting('greeting'), welcome: go('catching-up', 'submit-and-fetch') },
  'catching-up': {
    ...connecting('catching-up'),
    'caught-up': go('live', 'submit-and-fetch'),
    nudge: stay('catching-up', 'probe'),
    moved: stay('catching-up', 'begin-again', 'submit-and-fetch'),
  },
  live: {
    ...connecting('live'),
    nudge: stay('live', 'probe'),
    stable: stay('live', 'forget-failures'),
    moved: go('catching-up', 'begin-again', 'submit-and-fetch'),
  },
  // Only a new client, or another token through `start` after `stop`, gets out.
  stopped: { ...resting('stopped'), stop: go('idle'), start: stay('stopped') },
};

export const transition = (state: State, event: Event): Cell => TABLE[state][event];
