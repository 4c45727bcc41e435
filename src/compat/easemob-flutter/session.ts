/** What the calls need of the user who is logged in. */
import type { ReceiptClient } from '../../index.ts';
import type { ServerAnswers } from '../server-answers.ts';

export interface Session {
  readonly client: ReceiptClient;
  /** Whether this user sends read receipts. */
  readonly requiresAck: boolean;
  /** Makes a call and waits for the server's answer while the device is connected. */
  readonly send: ServerAnswers['to'];
}
