/**
 * Limits how many connections an account and an address may have. WebSockets and HTTP requests in flight
 * count alike. The server asks a client above the limit to come back later.
 */
import type { UserId } from '../model/ids.ts';
import type { Policy } from './policy.ts';

/** The retry delay for an address with too many connections. */
export const CROWDED_ADDRESS_MS = 5000;

/** A connection's share of the limits. */
export interface Ticket {
  /**
   * Counts the connection for its account, as soon as the account is known. @returns false if the account has
   * reached its limit.
   */
  name(userId: UserId): boolean;
  /** Ends the count of a closed connection. May be called again. */
  leave(): void;
}

class Counts {
  private readonly counts = new Map<string, number>();

  /** @returns false, without counting, if the limit is reached. */
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
  /** Connections by address, before their account is known. */
  private readonly unnamed = new Counts();

  constructor(private readonly limits: () => Policy['connections']) {}

  /**
   * @param address the network address of the client; `undefined` for a connection without a network.
   * @returns `undefined` if the address has reached its limit.
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
