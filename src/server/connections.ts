/**
 * The authenticated connections of one server, by user. A hint costs as many steps as its users have
 * connections.
 */
import type { UserId } from '../model/ids.ts';
import type { Connection } from './socket.ts';

const NONE: ReadonlySet<Connection> = new Set();

export class Connections {
  private readonly prefix = crypto.randomUUID().slice(0, 8);
  private opened = 0;
  private readonly byUser = new Map<UserId, Set<Connection>>();

  /** @param watch called for each user who has a connection now and had none before. */
  constructor(private readonly watch: (userId: UserId) => void = () => undefined) {}

  /** An id for the log: no other connection has it, and no connection of another server, or of another run of this one. */
  newId(): string {
    return `${this.prefix}-${++this.opened}`;
  }

  /**
   * The share of an interval at which the newest connection does what it does once in each interval, from 0 to 1. Connections that open
   * together get shares that are far apart: multiples of the golden ratio.
   */
  newPhase(): number {
    return (this.opened * ((Math.sqrt(5) - 1) / 2)) % 1;
  }

  add(userId: UserId, connection: Connection): void {
    const set = this.byUser.get(userId);
    if (set) set.add(connection);
    else {
      this.byUser.set(userId, new Set([connection]));
      this.watch(userId);
    }
  }

  delete(userId: UserId, connection: Connection): void {
    const set = this.byUser.get(userId);
    if (set?.delete(connection) && set.size === 0) this.byUser.delete(userId);
  }

  of(userId: UserId): ReadonlySet<Connection> {
    return this.byUser.get(userId) ?? NONE;
  }

  all(): readonly Connection[] {
    return [...this.byUser.values()].flatMap((set) => [...set]);
  }
}
