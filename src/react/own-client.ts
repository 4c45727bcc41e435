/** The client of a provider that opens and closes its client by itself. */
import type { Subscription } from 'rxjs';
import { createReceiptClient, type ReceiptClient, type ReceiptClientOptions } from '../index.ts';

/** Names what the options ask for. Functions are left out: they are often new in each rendering. */
export const keyOf = (options: ReceiptClientOptions | null): string | null => options && JSON.stringify(options);

export class OwnClient {
  readonly client: ReceiptClient;
  private readonly watch: Subscription;

  /**
   * @param options the newest functions of the app. An object of its own for each client, so that a client that is closing does not get the
   * token of the next user.
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
