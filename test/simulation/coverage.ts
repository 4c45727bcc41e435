/** What of the engine a run has been through: cells of the connection's table, and transactions at the points where things break. */
import { type State, TABLE } from '../../src/engine/sync/connection.ts';

export const CELLS = Object.entries(TABLE).flatMap(([state, row]) => Object.keys(row).map((event) => `${state} ${event}`));

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
