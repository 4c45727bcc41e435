/** The logged-in user. */
import type { VendorSession } from '../vendor-session.ts';

export interface Session {
  readonly session: VendorSession;
  /** Whether this user sends read receipts. */
  readonly requiresAck: boolean;
}
