/** Questions of any tab to the server, over HTTP: one question in each request. */
import { TransportError } from '../../errors.ts';
import type { Account, Ports } from '../../ports/ports.ts';
import type { ClientFrame, Limits, ServerFrame } from '../../protocol/frames.ts';
import { errorOfFrame, HttpSession } from '../net/http-session.ts';
import type { TokenSource } from '../net/token-source.ts';
import type { UserAsks } from '../net/user-asks.ts';
import { DEFAULT_LIMITS } from '../../protocol/limits.ts';

/** A query times out sooner than sync does, because the app waits for its answer. */
export const QUERY_TIMEOUT_MS = 10_000;

type AskLimits = Pick<Limits, 'receiptIds' | 'members'>;

export class Ask {
  /** Limits from the newest welcome of the server. The initial values are accepted by every server. */
  limits: AskLimits = DEFAULT_LIMITS;
  private busyUntil = 0;
  private readonly session: HttpSession;

  constructor(
    private readonly ports: Pick<Ports, 'net' | 'clock'>,
    account: Account,
    private readonly tokens: TokenSource,
    private readonly asks: UserAsks,
  ) {
    this.session = new HttpSession(ports.net, account, () => tokens.get());
  }

  /** Milliseconds for which the server asked the client to wait. The engine sends no automatic question before they are over. */
  get leftAloneMs(): number {
    return Math.max(0, this.busyUntil - this.ports.clock.mono());
  }

  /**
   * @throws {TransportError} `transport/unreachable`; `transport/timeout` when no answer arrives within 10 s, including the time that the app takes for the token.
   * @throws {AuthError} when the server refuses the token, or the token names another user: the caller must store nothing.
   */
  async ask(frame: ClientFrame): Promise<readonly ServerFrame[]> {
    const { welcome, answers } = await this.asks.during(() => this.inTime(this.session.ask([frame], QUERY_TIMEOUT_MS)));
    if (welcome) this.limits = welcome.limits;
    for (const answer of answers) {
      if (answer.type !== 'error') continue;
      if (answer.code.startsWith('auth/')) this.tokens.forget();
      if (answer.code === 'server/busy') this.busyUntil = this.ports.clock.mono() + (answer.retryAfterMs ?? 0);
      throw errorOfFrame(answer);
    }
    return answers;
  }

  private inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const late = (): void =>
        reject(new TransportError('transport/timeout', `the server did not answer within ${QUERY_TIMEOUT_MS} ms; repeat the call later`));
      const cancel = this.ports.clock.timer(QUERY_TIMEOUT_MS, late);
      void answer.then(resolve, reject).finally(cancel);
    });
  }
}
