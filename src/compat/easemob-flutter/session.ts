/** One log-in. */
import type { ServerAccess } from '../server-access.ts';
import { VendorSession, type VendorSessionOptions } from '../vendor-session.ts';

export class Session extends VendorSession {
  /** @param requiresAck whether this user sends read receipts. */
  constructor(
    access: ServerAccess,
    options: VendorSessionOptions,
    readonly requiresAck: boolean,
  ) {
    super(access, options);
  }
}
