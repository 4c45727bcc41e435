/**
 * Authenticates the client of a connection: hello, welcome, a fresh token, and the expiry of a token (I-24).
 */
import type { UserId } from '../../model/ids.ts';
import type { Cancel } from '../../ports/ports.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import type { ClientFrame, Frame } from '../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { Core } from '../core.ts';
import { identify, type Named } from './identify.ts';
import type { Outgoing } from './outgoing.ts';

const HELLO_WITHIN_MS = 10_000;
/** Retry delay for an account with too many connections. */
const CROWDED_MS = 10_000;

export class Greeting {
  identity: Named | undefined;
  deviceId = '';
  private cancelExpiry: Cancel = () => undefined;
  private readonly cancelHello: Cancel;

  constructor(
    private readonly core: Core,
    private readonly out: Outgoing,
    /** Called when the account is known. @returns false if the account may not have another connection. */
    private readonly onNamed: (userId: UserId) => boolean,
  ) {
    this.cancelHello = core.clock.timer(HELLO_WITHIN_MS, () => {
      if (!this.identity) out.end(CLOSE.helloTimeout, 'no hello');
    });
  }

  async hello(frame: ClientFrame): Promise<void> {
    const { out } = this;
    if (frame.type !== 'hello') return out.fail('auth/forbidden', 'hello comes first', CLOSE.unauthorized);
    if (frame.version !== PROTOCOL_VERSION)
      return out.fail('protocol/version-unsupported', `this server speaks version ${PROTOCOL_VERSION}`, CLOSE.versionUnsupported);
    this.deviceId = frame.deviceId;
    const verified = await this.verify(frame.token, frame.userId);
    if (!verified) return;
    if (!this.onNamed(verified.userId)) return out.failBusy('too many connections of this account', CROWDED_MS);
    this.welcome(verified);
  }

  async renew({ token }: Frame<'auth'>, me: UserId): Promise<void> {
    const verified = await this.verify(token, me);
    if (verified) this.welcome(verified);
  }

  /** Sends welcome again, because the policy changed. */
  repeat(): void {
    if (this.identity) this.sendWelcome(this.identity);
  }

  stop(): void {
    this.cancelHello();
    this.cancelExpiry();
  }

  /**
   * Checks a token. @returns `undefined` if the token does not name this user; the connection has ended then.
   */
  private async verify(token: string, userId: UserId): Promise<Named | undefined> {
    const { out } = this;
    const verified = await identify(this.core, token);
    if (!out.open) return undefined;
    if (verified === 'not-now') out.failBusy('the token cannot be checked now');
    else if ('refused' in verified) out.fail(verified.refused, verified.why, CLOSE.unauthorized);
    else if (verified.userId === userId) return verified;
    else out.fail('auth/wrong-user', 'the token names another user', CLOSE.wrongUser);
    return undefined;
  }

  private welcome(verified: Named): void {
    this.identity = verified;
    this.stop();
    if (verified.expiresAt !== null) this.watchExpiry(verified.expiresAt);
    this.sendWelcome(verified);
  }

  private watchExpiry(expiresAt: number): void {
    const { clock } = this.core;
    this.cancelExpiry = clock.timer(Math.max(0, expiresAt - clock.wall()), () =>
      expiresAt > clock.wall() ? this.watchExpiry(expiresAt) : this.out.fail('auth/expired', 'the token has expired', CLOSE.unauthorized),
    );
  }

  private sendWelcome({ userId, expiresAt }: Named): void {
    const { clock } = this.core;
    const { limits, receipts } = this.core.policy();
    this.out.send({
      type: 'welcome',
      version: PROTOCOL_VERSION,
      userId,
      expiresInMs: expiresAt === null ? null : Math.max(0, Math.floor(expiresAt - clock.wall())),
      limits,
      receipts,
    });
  }
}
