/** One log-in. */
import type { VendorSession } from '../vendor-session.ts';

export interface Session extends VendorSession {
  /** Whether this user sends read receipts. */
  readonly requiresAck: boolean;
}
