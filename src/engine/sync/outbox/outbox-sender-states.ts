/**
 * The life of the outbox sender as a pure state machine: no I/O, no clock. Every state answers every event; the `OutboxSender` runs the effects.
 *
 * - `stopped`: no connection may carry pending entries.
 * - `stopping`: the connection ended while a choice of entries was being stored. That write ends by itself, and its batch is not sent.
 * - `idle`: the sender waits for a change of the outbox.
 * - `choosing`: the sender chooses the next batch and stores that its entries are sent.
 * - `choosing-again`: the outbox changed meanwhile. The sender chooses again if this choice comes to no batch.
 * - `in-flight`: one batch is sent, and the server has not answered.
 * - `backing-off`: the server refuses all pending entries for now. A timer ends the wait.
 */
export type State = 'stopped' | 'stopping' | 'idle' | 'choosing' | 'choosing-again' | 'in-flight' | 'backing-off';

export type Event =
  /** The server has named the account: pending entries may be sent. */
  | 'start'
  /** The connection ended. */
  | 'stop'
  /** The outbox may hold entries to send. */
  | 'entries-pending'
  /** The timer of a wait ended. */
  | 'wait-over'
  /** The choice ended: the outbox holds no entry that may be sent. */
  | 'none-chosen'
  /** The choice ended: all pending entries wait until a time that is known. */
  | 'wait-chosen'
  /** The choice ended with a batch. */
  | 'batch-chosen'
  /** The server answered or refused the batch in flight. */
  | 'batch-ended';

export type Effect =
  | 'choose'
  | 'send-batch'
  /** Entries of the batch in flight stay in the outbox; the timer of their answer ends. */
  | 'drop-batch'
  | 'start-wait'
  | 'cancel-wait';

export interface Cell {
  readonly to: State;
  readonly effects: readonly Effect[];
}

const go = (to: State, ...effects: Effect[]): Cell => ({ to, effects });

/** Events that change nothing, as the default of every row. */
const stay = (state: State): Record<Event, Cell> => ({
  start: go(state),
  stop: go('stopped'),
  'entries-pending': go(state),
  'wait-over': go(state),
  'none-chosen': go(state),
  'wait-chosen': go(state),
  'batch-chosen': go(state),
  'batch-ended': go(state),
});

/** The table is total by its type: a new state or event does not compile until each of its cells is written. */
export const TABLE: Record<State, Record<Event, Cell>> = {
  stopped: { ...stay('stopped'), start: go('choosing', 'choose') },
  stopping: {
    ...stay('stopping'),
    // One choice runs at a time: the new choice begins after the end of the choice from before the stop.
    start: go('choosing-again'),
    stop: go('stopping'),
    'none-chosen': go('stopped'),
    'wait-chosen': go('stopped'),
    'batch-chosen': go('stopped'),
  },
  idle: { ...stay('idle'), start: go('choosing', 'choose'), 'entries-pending': go('choosing', 'choose') },
  choosing: {
    ...stay('choosing'),
    start: go('choosing-again'),
    stop: go('stopping'),
    'entries-pending': go('choosing-again'),
    'none-chosen': go('idle'),
    'wait-chosen': go('backing-off', 'start-wait'),
    'batch-chosen': go('in-flight', 'send-batch'),
  },
  'choosing-again': {
    ...stay('choosing-again'),
    stop: go('stopping'),
    'none-chosen': go('choosing', 'choose'),
    'wait-chosen': go('choosing', 'choose'),
    // The end of this batch begins the next choice.
    'batch-chosen': go('in-flight', 'send-batch'),
  },
  'in-flight': { ...stay('in-flight'), stop: go('stopped', 'drop-batch'), 'batch-ended': go('idle', 'drop-batch') },
  'backing-off': {
    ...stay('backing-off'),
    start: go('choosing', 'cancel-wait', 'choose'),
    stop: go('stopped', 'cancel-wait'),
    // A new entry may belong to a conversation that the server does not refuse.
    'entries-pending': go('choosing', 'cancel-wait', 'choose'),
    'wait-over': go('choosing', 'choose'),
  },
};

export const transition = (state: State, event: Event): Cell => TABLE[state][event];
