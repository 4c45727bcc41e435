/**
 * Questions to the server over HTTP, without a connection. Each request names the account in a hello frame, so one request is complete:
 *
 *   client ── hello, question, question … ──> server
 *   client <── welcome, answer, answer … ──── server      the server accepts the account
 *   client <── error ──────────────────────── server      the server refuses the request, and reads no question
 */
import { AuthError, errorOf, ProtocolError, type ReceiptsError, TransportError } from '../../errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { Account, NetPort, TokenPort } from '../../ports/ports.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';

export type HttpAnswer =
  | { readonly welcome: Frame<'welcome'>; readonly answers: readonly ServerFrame[] }
  /** The server refused the request as a whole: the first frame is its error. */
  | { readonly welcome: null; readonly answers: readonly [Frame<'error'>, ...ServerFrame[]] };

/** The error for a caller after an error frame. A busy server and a lost cursor are temporary, like an unreachable server. */
export const errorOfFrame = ({ code, message }: Frame<'error'>): ReceiptsError =>
  code === 'server/busy' || code === 'protocol/cursor-unknown' ? errorOf('transport/unreachable', message) : errorOf(code, message);

export const tokenOfOtherUser = (userId: UserId): AuthError =>
  new AuthError('auth/wrong-user', `the token belongs to another user than ${userId}: return a token of ${userId} from getToken`);

export const helloNotAnswered = (): ProtocolError =>
  new ProtocolError('protocol/bad-frame', 'the server answered hello without welcome or error: check the address of the server');

export class HttpSession {
  constructor(
    private readonly net: Pick<NetPort, 'request'>,
    private readonly account: Account,
    private readonly getToken: TokenPort['getToken'],
  ) {}

  /**
   * Sends the questions in one request. Error frames among the answers are left to the caller.
   *
   * @param signal gives the request up. A request that is given up while the app makes a token is never sent.
   * @throws {TransportError} `transport/unreachable`, `transport/timeout`.
   * @throws {AuthError} `auth/wrong-user` when the token names another user: the caller must not store the answers.
   * @throws {ProtocolError} `protocol/bad-frame` when the first frame is neither a welcome nor an error.
   */
  async ask(questions: readonly ClientFrame[], timeoutMs: number, signal?: AbortSignal): Promise<HttpAnswer> {
    const { userId, deviceId } = this.account;
    const token = await this.getToken();
    if (signal?.aborted) throw new TransportError('transport/unreachable', 'the request was given up before it was sent');
    const hello = { type: 'hello', version: PROTOCOL_VERSION, token, userId, deviceId } as const;
    const [first, ...answers] = await this.net.request([hello, ...questions], timeoutMs, signal);
    if (first?.type === 'error') return { welcome: null, answers: [first, ...answers] };
    if (first?.type !== 'welcome') throw helloNotAnswered();
    if (first.userId !== userId) throw tokenOfOtherUser(userId);
    return { welcome: first, answers };
  }
}
