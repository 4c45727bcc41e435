/** Asking the server from any tab, over the HTTP door: hello and one question up, what answers it down. */
import { AuthError, errorOf, ProtocolError, TransportError } from '../../errors.ts';
import type { Account, Ports } from '../../ports/ports.ts';
import type { ClientFrame, Limits, ServerFrame } from '../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { TokenSource } from '../net/token-source.ts';

/** Queries give up sooner than sync does: somebody waits. */
export const QUERY_TIMEOUT_MS = 10_000;

type AskLimits = Pick<Limits, 'receiptIds' | 'members'>;

export class Ask {
  /** As the server last told; until then what any server takes. */
  limits: AskLimits = { receiptIds: 100, members: 100 };
  private busyUntil = 0;

  constructor(
    private readonly ports: Pick<Ports, 'net' | 'clock'>,
    private readonly account: Account,
    private readonly tokens: TokenSource,
  ) {}

  /** Ms for which the server asked to be left alone: nothing that asks by itself asks before. */
  get leftAloneMs(): number {
    return Math.max(0, this.busyUntil - this.ports.clock.mono());
  }

  /**
   * @throws {TransportError} `transport/unreachable`; `transport/timeout` where no answer came in 10 s, the token's time included.
   * @throws {AuthError} where the token was refused or names somebody else; nothing may be stored.
   */
  async ask(frame: ClientFrame): Promise<readonly ServerFrame[]> {
    const answers = await this.inTime(this.request(frame));
    const { userId } = this.account;
    const [welcome] = answers;
    if (welcome?.type === 'welcome') this.limits = welcome.limits;
    for (const answer of answers) {
      if (answer.type === 'error') {
        if (answer.code.startsWith('auth/')) this.tokens.forget();
        if (answer.code === 'server/busy') this.busyUntil = this.ports.clock.mono() + (answer.retryAfterMs ?? 0);
        if (answer.code === 'server/busy' || answer.code === 'protocol/cursor-unknown')
          throw errorOf('transport/unreachable', answer.message);
        throw errorOf(answer.code, answer.message);
      }
      if (answer.type === 'welcome' && answer.userId !== userId)
        throw new AuthError('auth/wrong-user', `the token does not name ${userId}; nothing was stored`);
    }
    if (welcome?.type !== 'welcome') throw new ProtocolError('protocol/bad-frame', 'the answer does not name the account');
    return answers;
  }

  private async request(frame: ClientFrame): Promise<readonly ServerFrame[]> {
    const { userId, deviceId } = this.account;
    const token = await this.tokens.get();
    return this.ports.net.request([{ type: 'hello', version: PROTOCOL_VERSION, token, userId, deviceId }, frame], QUERY_TIMEOUT_MS);
  }

  private inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const late = (): void => reject(new TransportError('transport/timeout', `no answer within ${QUERY_TIMEOUT_MS} ms`));
      const cancel = this.ports.clock.timer(QUERY_TIMEOUT_MS, late);
      void answer.then(resolve, reject).finally(cancel);
    });
  }
}
