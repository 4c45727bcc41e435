/** Background Sync of one account: sends the pending entries without a page, or lets the leader tab send them. */
import { TransportError } from '../../errors.ts';
import { sendOutboxOverHttp } from '../sync/outbox/send-outbox-over-http.ts';
import { type HeadlessAccount, until } from './with-account.ts';
import { withLead } from './with-lead.ts';

/** The time for a leader tab to send. After this time the host rejects, and the browser wakes the host again later. */
const PAGE_TIMEOUT_MS = 10_000;

/**
 * Resolves when the outbox is empty.
 *
 * @param timeoutMs how long the server may go on refusing entries; default: see {@link sendOutboxOverHttp}.
 * @throws {TransportError} if entries stay pending: the host is to be woken again.
 */
export const sendPending = async (open: HeadlessAccount, timeoutMs?: number): Promise<void> => {
  const { account, lockName, ports, writer } = open;
  const isEmpty = (): boolean => writer.model.outbox.size === 0;
  if (isEmpty()) return;
  const isSent = await withLead(ports, lockName, async () =>
    sendOutboxOverHttp(ports, account, writer, await writer.takeFence(), timeoutMs),
  );
  if (!isSent && !(await until(open, isEmpty, PAGE_TIMEOUT_MS)))
    throw new TransportError('transport/timeout', 'the leader tab did not send its pending entries in time');
};
