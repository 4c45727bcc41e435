/** The outbox in a real browser, with its real store and locks, in front of a small SDK. */
import { BehaviorSubject, firstValueFrom } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { createReceiptOutbox, type PendingReceipts, type ReceiptOutbox } from '../../src/outbox/outbox.ts';
import { stretched } from './backend.ts';

const open: ReceiptOutbox[] = [];

afterEach(async () => {
  for (const outbox of open.splice(0)) {
    await outbox.wipe().catch(() => undefined);
    outbox.close();
  }
});

const start = (name: string, isConnected: boolean) => {
  const sent: PendingReceipts[] = [];
  const connected = new BehaviorSubject(isConnected);
  const outbox = createReceiptOutbox({
    name,
    connected,
    send: (receipts) => {
      sent.push(receipts);
      return Promise.resolve();
    },
  });
  open.push(outbox);
  return { outbox, connected, sent };
};

const eventually = async (sent: readonly PendingReceipts[], count: number): Promise<void> =>
  expect.poll(() => sent.length, { timeout: await stretched(10_000) }).toBe(count);

it('500 reads of 20 conversations that were stored offline leave as 20 requests after a restart', async () => {
  const name = `restart-${crypto.randomUUID()}`;
  const before = start(name, false);
  for (let c = 0; c < 20; c++) for (let m = 0; m < 25; m++) await before.outbox.read(`chat${c}`, [`m${m}`]);
  before.outbox.close();
  const after = start(name, false);
  expect(await firstValueFrom(after.outbox.watchPending())).toMatchObject({ conversations: 20, messages: 500 });
  after.connected.next(true);
  await eventually(after.sent, 20);
  expect(after.sent.every(({ messages }) => messages.length === 25)).toBe(true);
  expect(before.sent).toEqual([]);
});

it('one of two tabs sends, and both show the same', async () => {
  const name = `tabs-${crypto.randomUUID()}`;
  const [first, second] = [start(name, true), start(name, true)];
  await second.outbox.readConversation('chat', { upTo: { id: 'm7', order: 7 } });
  await expect.poll(() => first.sent.length + second.sent.length, { timeout: await stretched(10_000) }).toBe(1);
  await expect.poll(() => first.outbox.shown('chat', 3, 7), { timeout: await stretched(5000) }).toBe(0);
  expect([second.outbox.shown('chat', 3, 7), second.outbox.shown('chat', 3, 8)]).toEqual([0, 3]);
});

it('an app’s worker keeps and sends receipts', async () => {
  const worker = new Worker(new URL('./outbox-in-worker.ts', import.meta.url), { type: 'module', name: `worker-${crypto.randomUUID()}` });
  const told: unknown[] = [];
  worker.onmessage = ({ data }) => void told.push(data);
  await expect.poll(() => told, { timeout: await stretched(10_000) }).toEqual([{ conversation: 'chat', upTo: 'm7' }]);
  worker.terminate();
});
