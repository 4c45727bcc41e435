/** The token of the running connection: asked for before it opens, renewed before it ends, asked for again when it was refused. */
import { AuthError, ReceiptsError } from '../../../errors.ts';
import type { Cancel, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { TokenSource } from '../../net/token-source.ts';

/** A token is renewed this long before it ends, a short one after half of its time. */
const RENEW_BEFORE_MS = 60_000;

export class SessionToken {
  current = '';
  /** Asked of the app for this very connection. */
  private isFresh = true;
  private generation = 0;
  /** `mono()` at which the one at hand is due for renewal, as far as the server told. */
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
    // After a long sleep the one at hand is over: sent, it would cost a refusal (F54).
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

  /** The server has taken it, for so long: a fresh one goes out on the same road before the old one ends (F76). */
  taken(expiresInMs: number | null, send: (token: string) => void): void {
    this.cancelRenewal();
    if (expiresInMs === null) return;
    // An app may hand out the same short token again: half of what is left each time, so that it is not asked every second (I-21).
    const ms = Math.max(1000, expiresInMs - RENEW_BEFORE_MS, expiresInMs / 2);
    this.renewalAt = this.ports.clock.mono() + ms;
    this.renewIn(ms, send);
  }

  /**
   * The server refused it. A token from before may simply have ended: the app is asked at once. A fresh one that is refused waits like
   * any failure (I-21).
   *
   * @returns whether asking again at once is worth it.
   */
  refused(): boolean {
    this.tokens.forget();
    return !this.isFresh;
  }

  /** It names somebody else: whoever asks next asks the app. */
  forget(): void {
    this.tokens.forget();
  }

  /** The connection is over. */
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
