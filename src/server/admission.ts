/** How many connections an account and an address may have, WebSockets and HTTP requests in flight alike. What is above is told to come back. */
import type { UserId } from '../model/ids.ts';
import type { Policy } from './policy.ts';

/** One connection's place; holds nothing of it. */
export interface Ticket {
  /** The account is known now. @returns false where it has as many connections as it may have. */
  name(userId: UserId): boolean;
  /** The connection is over. May be called again. */
  leave(): void;
}

class Counts {
  private readonly counts = new Map<string, number>();

  /** @returns false, and counts nothing, at the limit. */
  up(key: string, limit: number): boolean {
    const count = this.counts.get(key) ?? 0;
    if (count >= limit) return false;
    this.counts.set(key, count + 1);
    return true;
  }

  down(key: string): void {
    const count = this.counts.get(key) ?? 0;
    if (count > 1) this.counts.set(key, count - 1);
    else this.counts.delete(key);
  }
}

export class Admission {
  private readonly users = new Counts();
  private readonly addresses = new Counts();
  /** Connections of an address whose account is not known yet. */
  private readonly unnamed = new Counts();

  constructor(private readonly limits: () => Policy['connections']) {}

  /**
   * @param address where the connection comes from; `undefined` for one without a network.
   * @returns `undefined` where the address has as many connections as it may have.
   */
  enter(address: string | undefined): Ticket | undefined {
    const { perAddress, unnamedPerAddress } = this.limits();
    if (address !== undefined) {
      if (!this.addresses.up(address, perAddress)) return undefined;
      if (!this.unnamed.up(address, unnamedPerAddress)) {
        this.addresses.down(address);
        return undefined;
      }
    }
    let user: UserId | undefined;
    let isNamed = false;
    let isOver = false;
    const countAsNamed = (): void => {
      if (address !== undefined && !isNamed) this.unnamed.down(address);
      isNamed = true;
    };
    return {
      name: (userId) => {
        if (isOver || !this.users.up(userId, this.limits().perUser)) return false;
        user = userId;
        countAsNamed();
        return true;
      },
      leave: () => {
        if (isOver) return;
        isOver = true;
        countAsNamed();
        if (address !== undefined) this.addresses.down(address);
        if (user !== undefined) this.users.down(user);
      },
    };
  }
}
