/** Queries to the HTTP endpoint, for one person: frames up, frames down. */
import { decodeServerFrames } from '../../src/protocol/codec.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../src/protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import type { ServedReceipts } from '../support/serve.ts';

/** Tokens are valid for ten minutes. */
const TOKEN_MS = 5 * 60_000;
/** The frames of one request must fit into 64 KiB. These are small. */
const FRAMES_AT_ONCE = 40;

type Question = Extract<ClientFrame, { type: 'fetch' | 'fetch-receipts' | 'fetch-members' }>;
type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, 'id'> : never) : never;

export class Door {
  readonly #tokens = new Map<string, { readonly token: Promise<string>; readonly since: number }>();

  constructor(readonly server: ServedReceipts) {}

  /** A token valid for at least five more minutes. */
  token(userId: string): Promise<string> {
    const now = performance.now();
    const known = this.#tokens.get(userId);
    if (known && now - known.since < TOKEN_MS) return known.token;
    const token = this.server.token(userId);
    this.#tokens.set(userId, { token, since: now });
    return token;
  }

  /** The answering frames of each query. @throws if a query was refused */
  async ask(userId: string, questions: readonly Asked[]): Promise<ServerFrame[][]> {
    const answers: ServerFrame[][] = questions.map(() => []);
    for (let from = 0; from < questions.length; from += FRAMES_AT_ONCE) {
      const hello: ClientFrame = { type: 'hello', version: PROTOCOL_VERSION, token: await this.token(userId), userId, deviceId: 'door' };
      const frames = questions.slice(from, from + FRAMES_AT_ONCE).map((question, i) => ({ ...question, id: from + i + 1 }));
      const response = await fetch(`http://127.0.0.1:${this.server.port}/receipts`, {
        method: 'POST',
        body: JSON.stringify([hello, ...frames]),
      });
      for (const frame of decodeServerFrames(await response.text())) {
        if (frame.type === 'error') throw new Error(`${userId} was refused an answer: ${frame.code}: ${frame.message}`);
        if ('id' in frame) answers[frame.id - 1]?.push(frame);
      }
    }
    return answers;
  }
}

export const framesOf = <T extends ServerFrame['type']>(frames: readonly ServerFrame[], type: T): Frame<T>[] =>
  frames.filter((frame): frame is Frame<T> => frame.type === type);
