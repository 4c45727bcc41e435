/** What the tasks of the service worker get from the browser. A test world hands in its own clock, stores and network. */
import type { Totals } from '../model/conversation/total.ts';
import type { Account, ClockPort, Ports, StorePort } from '../ports/ports.ts';

export interface TaskPorts {
  readonly clock: ClockPort;
  /** The names of the databases of this server's accounts. */
  databases(): Promise<readonly string[]>;
  openStore(name: string): Promise<StorePort>;
  /** The ports of the account in this database. */
  ports(name: string, account: Account, store: StorePort): Ports;
  /** Shows the account's total on the app's badge, if the account owns the badge. null: the account is gone. */
  showOnBadge(name: string, totals: Totals | null): Promise<void>;
  /** Notes the number of pending entries, for a page that finds its store deleted. */
  notePending(name: string, generation: string, pending: number): Promise<void>;
}
