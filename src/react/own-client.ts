/** The client that a provider opens and closes by itself. */
import type { Subscription } from 'rxjs';
import { createReceiptClient, type ReceiptClient, type ReceiptClientOptions } from '../index.ts';

/**
 * Names the wanted account and its settings. Functions and the schema are left out, because an app often passes new ones in
 * each rendering.
 */
export const keyOf = (options: ReceiptClientOptions | null): string | null => options && JSON.stringify({ ...options, bodySchema: null });

export class OwnClient {
  readonly client: ReceiptClient;
  private readonly watch: Subscription;

  /**
   * @param options the newest functions of the app: one object for each client, so a closing client does not get the
   * next user's token.
   * @param ended called when the account was logged out, in any tab.
   */
  constructor(
    readonly key: string,
    public options: ReceiptClientOptions,
    ended: () => void,
  ) {
    this.client = createReceiptClient({
      ...options,
      getToken: () => this.options.getToken(),
      ...(options.log && { log: (...record) => this.options.log?.(...record) }),
    });
    this.watch = this.client.watchOutbox().subscribe({ complete: ended });
  }

  close(): void {
    this.watch.unsubscribe();
    void this.client.close();
  }
}
