/** What of the engine a run has been through: cells of the connection's table, and transactions at the points where things break. */
import { type Event, type State, TABLE } from '../../src/engine/sync/connection/connection-states.ts';

export const CELLS = Object.entries(TABLE).flatMap(([state, row]) => Object.keys(row).map((event) => `${state} ${event}`));

const ALL = Object.keys(TABLE) as State[];

/**
 * Where an event can be: all the rest is dropped before it reaches the table. Timers end with their state, words of a connection that was
 * given up are not heard (`roads.ts`), nor tokens of an older asking (`session-token.ts`); what the store says may come late, to any state.
 */
const WHERE: Record<Event, readonly State[]> = {
  start: ALL,
  stop: ALL,
  nudge: ALL,
  lost: ALL,
  refused: ALL,
  'retry-due': ['waiting'],
  'token-ready': ['token'],
  'token-failed': ['token'],
  opened: ['opening'],
  // Said again when the policy changes, or the token.
  welcome: ['greeting', 'catching-up', 'live'],
  'caught-up': ['catching-up', 'live'],
  'token-refused': ['greeting', 'catching-up', 'live'],
  stable: ['catching-up', 'live'],
  moved: ['catching-up', 'live'],
};
export const POSSIBLE: readonly string[] = Object.entries(WHERE).flatMap(([event, states]) => states.map((state) => `${state} ${event}`));

/** Every look at the table is told to the listener. */
export const watchTable = (seen: (cell: string) => void): void => {
  for (const [state, row] of Object.entries(TABLE))
    for (const [event, cell] of Object.entries(row))
      Object.defineProperty(TABLE[state as State], event, {
        get: () => {
          seen(`${state} ${event}`);
          return cell;
        },
      });
};
