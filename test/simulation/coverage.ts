/** The parts of the engine reached by a run: cells of the connection's table, and transactions at the points where they fail. */
import { type Event, type State, TABLE } from '../../src/engine/sync/connection/connection-states.ts';

export const CELLS = Object.entries(TABLE).flatMap(([state, row]) => Object.keys(row).map((event) => `${state} ${event}`));

const ALL = Object.keys(TABLE) as State[];

/**
 * The events possible in each state. Code in front of the table drops all other events: timers end with their
 * state, frames of an abandoned connection are ignored (`transport-fallback.ts`), and so are tokens of an
 * older request (`session-token.ts`). News of the store may come late, in any state.
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
  // These frames come again when the policy or the token changes.
  welcome: ['greeting', 'catching-up', 'live'],
  'caught-up': ['catching-up', 'live'],
  'token-refused': ['greeting', 'catching-up', 'live'],
  stable: ['catching-up', 'live'],
  moved: ['catching-up', 'live'],
};
export const POSSIBLE: readonly string[] = Object.entries(WHERE).flatMap(([event, states]) => states.map((state) => `${state} ${event}`));

/** Reports every look-up in the table to the listener. */
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
