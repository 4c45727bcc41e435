/** The page of the person with the most incoming messages: a client with the public API. Tests reach the client through `phone`. */
import { type ConversationId, createReceiptClient, type ReceiptClient } from 'tidemark';
import { filter, firstValueFrom, type Observable, timeout } from 'rxjs';

export interface Phone {
  readonly client: ReceiptClient;
  /** The first value of a stream. */
  now<T>(values: Observable<T>): Promise<T>;
  /** The first accepted value of a stream, within `ms`. */
  until<T>(values: Observable<T>, accepts: (value: T) => boolean, ms: number): Promise<T>;
  id(peer: string): ConversationId;
}

declare global {
  interface Window {
    phone: Phone;
  }
}

const asked = new URLSearchParams(location.search);
const server = asked.get('server')!;
const userId = asked.get('user')!;

const client = createReceiptClient({
  url: `ws://${server}/receipts`,
  userId,
  getToken: async () => {
    const response = await fetch(`http://${server}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
    return ((await response.json()) as { token: string }).token;
  },
});

window.phone = {
  client,
  now: (values) => firstValueFrom(values),
  until: (values, accepts, ms) => firstValueFrom(values.pipe(filter(accepts), timeout(ms))),
  id: (peer) => `direct:${peer}`,
};
