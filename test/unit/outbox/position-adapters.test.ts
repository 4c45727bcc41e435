/** The adapters for SDKs with a read position for each conversation, in front of small stand-ins for the SDKs. */
import type { MatrixClient as RealMatrix } from 'matrix-js-sdk';
import type { StreamChat } from 'stream-chat';
import { describe, expect, it } from 'vitest';
import { type MatrixClient, matrixOutbox } from '../../../src/outbox/adapters/matrix.ts';
import { type StreamClient, streamOutbox } from '../../../src/outbox/adapters/stream-chat.ts';
import { ReceiptDelayed, ReceiptRefused } from '../../../src/outbox/sender.ts';
import { receiptsOf, toldBy } from './receipts.ts';

/** The compiler checks that the SDKs' own clients fit. */
export const streamFits = (client: StreamChat): StreamClient => client;
export const matrixFits = (client: RealMatrix): MatrixClient => client;

const at = (order: number) => ({ id: `m${order}`, order });

describe('stream-chat', () => {
  const stream = (answer: () => Promise<unknown> = () => Promise.resolve()) => {
    const posts: [url: string, data: object | undefined][] = [];
    const listeners = new Set<(event: { readonly online?: boolean }) => void>();
    const client = {
      baseURL: 'https://chat.test',
      wsConnection: { isHealthy: false },
      wsFallback: { isHealthy: (): boolean => false },
      post: (url: string, data?: object) => {
        posts.push([url, data]);
        return answer();
      },
      on: (_event: 'connection.changed', listener: (event: { readonly online?: boolean }) => void) => {
        listeners.add(listener);
        return { unsubscribe: () => void listeners.delete(listener) };
      },
    } satisfies StreamClient;
    return { client, posts, listeners, outbox: streamOutbox(client) };
  };

  it('one request moves the channel’s position to the newest message of all receipts', async () => {
    const { outbox, posts } = stream();
    await outbox.send(receiptsOf('messaging:a b', { messages: [at(5), at(2)], readUpTo: at(4), cleared: at(3) }));
    await outbox.send(receiptsOf('messaging:a b', { messages: [{ id: 'x' }, { id: 'y' }] }));
    await outbox.send(receiptsOf('messaging:a b', { readUpTo: at(4), cleared: 'whole' }));
    const url = 'https://chat.test/channels/messaging/a%20b/read';
    expect(posts).toEqual([
      [url, { message_id: 'm5' }],
      [url, { message_id: 'y' }],
      [url, {}],
    ]);
  });

  it('a status for good refuses, 429 asks for a pause, and every other failure is tried again', async () => {
    const failing = (error: object) => stream(() => Promise.reject(Object.assign(new Error('no'), error))).outbox;
    const receipts = receiptsOf('messaging:a', { readUpTo: at(1) });
    for (const status of [400, 403, 404])
      await expect(failing({ response: { status } }).send(receipts)).rejects.toMatchObject({
        name: 'ReceiptRefused',
        code: String(status),
      });
    await expect(failing({ status: 429 }).send(receipts)).rejects.toBeInstanceOf(ReceiptDelayed);
    await expect(failing({ status: 503 }).send(receipts)).rejects.toMatchObject({ name: 'Error', status: 503 });
    await expect(failing({}).send(receipts)).rejects.toMatchObject({ name: 'Error' });
    await expect(stream().outbox.send(receiptsOf('general', { readUpTo: at(1) }))).rejects.toBeInstanceOf(ReceiptRefused);
  });

  it('the connection is the SDK’s own, by its WebSocket or its long polling', () => {
    const { client, listeners, outbox } = stream();
    const { told, stop } = toldBy(outbox.connected);
    for (const online of [true, false]) for (const listener of listeners) listener({ online });
    expect(told).toEqual([false, true, false]);
    stop();
    expect(listeners.size).toBe(0);
    client.wsFallback.isHealthy = () => true;
    expect(toldBy(outbox.connected).told).toEqual([true]);
  });
});

describe('matrix-js-sdk', () => {
  const matrix = (answer: () => Promise<unknown> = () => Promise.resolve({})) => {
    const requests: (string | undefined)[][] = [];
    const listeners = new Set<(state: string) => void>();
    const client = {
      state: null as string | null,
      getSyncState() {
        return this.state;
      },
      setRoomReadMarkersHttpRequest: (...told: (string | undefined)[]) => {
        requests.push(told);
        return answer();
      },
      on: (_event: 'sync', listener: (state: string) => void) => listeners.add(listener),
      off: (_event: 'sync', listener: (state: string) => void) => listeners.delete(listener),
    } satisfies MatrixClient & { state: string | null };
    return { client, requests, listeners, outbox: matrixOutbox(client) };
  };

  it('one request sets the marker, the public receipt of what was read, and the private receipt of what was cleared', async () => {
    const { outbox, requests } = matrix();
    await outbox.send(receiptsOf('!a', { messages: [at(5)], readUpTo: at(4) }));
    await outbox.send(receiptsOf('!a', { readUpTo: at(4), cleared: at(6) }));
    await outbox.send(receiptsOf('!a', { readUpTo: at(4), cleared: at(3) }));
    await outbox.send(receiptsOf('!a', { cleared: at(3) }));
    await outbox.send(receiptsOf('!a', { readUpTo: at(4), cleared: 'whole' }));
    expect(requests).toEqual([
      ['!a', 'm5', 'm5', undefined],
      ['!a', 'm6', 'm4', 'm6'],
      ['!a', 'm4', 'm4', undefined],
      ['!a', 'm3', undefined, 'm3'],
      ['!a', 'm4', 'm4', undefined],
    ]);
    await expect(outbox.send(receiptsOf('!a', { cleared: 'whole' }))).rejects.toMatchObject({ code: 'clear-needs-up-to' });
  });

  it('a status for good refuses by Matrix’s code, a limit asks for Matrix’s pause, and every other failure is tried again', async () => {
    const failing = (error: object) => matrix(() => Promise.reject(Object.assign(new Error('no'), error))).outbox;
    const receipts = receiptsOf('!a', { readUpTo: at(1) });
    const forbidden = failing({ httpStatus: 403, errcode: 'M_FORBIDDEN' }).send(receipts);
    await expect(forbidden).rejects.toMatchObject({ name: 'ReceiptRefused', code: 'M_FORBIDDEN' });
    await expect(failing({ httpStatus: 404 }).send(receipts)).rejects.toMatchObject({ code: '404' });
    const limited = failing({ errcode: 'M_LIMIT_EXCEEDED', data: { retry_after_ms: 2000 } }).send(receipts);
    await expect(limited).rejects.toMatchObject({ name: 'ReceiptDelayed', retryAfterMs: 2000 });
    await expect(failing({ httpStatus: 429 }).send(receipts)).rejects.toMatchObject({ retryAfterMs: 5000 });
    await expect(failing({ httpStatus: 503 }).send(receipts)).rejects.toMatchObject({ name: 'Error' });
  });

  it('the connection is the SDK’s sync: prepared, syncing, or catching up', () => {
    const { client, listeners, outbox } = matrix();
    client.state = 'ERROR';
    const { told, stop } = toldBy(outbox.connected);
    const states = ['PREPARED', 'SYNCING', 'RECONNECTING', 'CATCHUP', 'STOPPED'];
    for (const state of states) for (const listener of listeners) listener(state);
    expect(told).toEqual([false, true, true, false, true, false]);
    stop();
    expect(listeners.size).toBe(0);
  });
});
