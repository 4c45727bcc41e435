/**
 * The token of the running connection. The client asks the app's `getToken` before the connection opens, renews the
 * token before its expiry, and asks for another token after a refusal.
 */
import { AuthError, ReceiptsError } from '../../../errors.ts';
import type { Cancel, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { TokenSource } from '../../net/token-source.ts';

/** The client renews a token this long before it expires; a short token after half of its time. */
const RENEW_BEFORE_MS = 60_000;

export class SessionToken {
  current = '';
  /** The app gave the token for this very connection. */
  private isFresh = true;
  private generation = 0;
  /** Time (`mono()`) at which the client renews the current token; `Infinity` if the server gave no expiry. */
  private renewalAt = Infinity;
  private cancelRenewal: Cancel = () => undefined;

  private readonly backoff: Backoff;

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random'>,
    private readonly tokens: TokenSource,
  ) {
    this.backoff = new Backoff(ports.random);
  }

  ask(ready: () => void, failed: (error: ReceiptsError) => void): void {
    const generation = ++this.generation;
    // After a long sleep of the device the current token has expired: the server would refuse it (F54).
    if (this.ports.clock.mono() >= this.renewalAt) this.tokens.forget();
    this.renewalAt = Infinity;
    const { asked } = this.tokens;
    this.tokens.get().then(
      (token) => {
        if (generation !== this.generation) return;
        this.current = token;
        this.isFresh = this.tokens.asked > asked;
        ready();
      },
      (error: unknown) => {
        if (generation !== this.generation) return;
        failed(error instanceof ReceiptsError ? error : new AuthError('auth/unavailable', 'getToken failed'));
      },
    );
  }

  /** The server took the token for `expiresInMs`: `send` gets a fresh token on the same connection before the old token expires (F76). */
  taken(expiresInMs: number | null, send: (token: string) => void): void {
    this.cancelRenewal();
    if (expiresInMs === null) return;
    // An app may return the same short token again: the client waits half of the time left, and does not ask every second (I-21).
    const ms = Math.max(1000, expiresInMs - RENEW_BEFORE_MS, expiresInMs / 2);
    this.renewalAt = this.ports.clock.mono() + ms;
    this.renewIn(ms, send);
  }

  /**
   * The server refused the token. A token of an earlier connection may have expired: the client asks the app at once. After the refusal of
   * a fresh token the client waits, as after any failure (I-21).
   *
   * @returns whether the client may ask the app again at once.
   */
  refused(): boolean {
    this.tokens.forget();
    return !this.isFresh;
  }

  /** The token names another user: the next connection asks the app for a token. */
  forget(): void {
    this.tokens.forget();
  }

  /** The connection ended: a token that the app returns later is ignored. */
  stop(): void {
    this.generation++;
    this.cancelRenewal();
  }

  private renewIn(ms: number, send: (token: string) => void): void {
    this.cancelRenewal = this.ports.clock.timer(ms, () => this.renew(send));
  }

  private renew(send: (token: string) => void): void {
    const { generation } = this;
    this.tokens.forget();
    this.tokens.get().then(
      (token) => {
        this.backoff.succeeded();
        if (generation === this.generation) send(token);
      },
      () => {
        if (generation === this.generation) this.renewIn(this.backoff.failed(), send);
      },
    );
  }
}
