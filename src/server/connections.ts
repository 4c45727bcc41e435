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
