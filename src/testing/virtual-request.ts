/** One request over HTTP in the virtual network: lost on the way, late, or repeated by a proxy. */
import { TransportError } from '../errors.ts';
import { decodeServerFrames, encodeFrame } from '../protocol/codec.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';
import { answerOf, type FrameTrouble, holdOf, isLost } from './frame-trouble.ts';
import { asError, type VirtualProcess } from './virtual-process.ts';
import type { SeededRandom } from './random.ts';

/** The part of the network that a request uses. */
interface RequestNetwork {
  readonly end: { readonly process: VirtualProcess | null; request(body: string): Promise<{ readonly body: string }> };
  readonly random: SeededRandom;
  readonly conditions: { readonly up: boolean; readonly down: boolean; readonly cut: number; readonly duplicate: number };
  delay(): number;
  count(kind: string): void;
  leaves(process: VirtualProcess, text: string): void;
  arrives(process: VirtualProcess, frame: ServerFrame, request: string): void;
  trouble(way: 'up' | 'down', frame: ClientFrame | ServerFrame, process: VirtualProcess): FrameTrouble | null;
}

/**
 * Sends one request.
 *
 * A frame that the test answers is the end of its request: the server gets none of it, and the test's frames are the whole answer.
 *
 * @param signal ends the request: the caller gets no answer any more, as with `fetch` in a browser. The server may have taken it.
 */
export const sendRequest = (
  network: RequestNetwork,
  process: VirtualProcess,
  frames: readonly ClientFrame[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ServerFrame[]> =>
  new Promise((resolve, reject) => {
    let isAborted = false;
    const fail = (code: 'transport/unreachable' | 'transport/timeout', why: string): void => reject(new TransportError(code, why));
    const cancel = process.later(timeoutMs, 'request times out', () => {
      over();
      fail('transport/timeout', `no answer within ${timeoutMs} ms`);
    });
    const abort = (): void => {
      isAborted = true;
      over();
      fail('transport/unreachable', 'the client ended the request');
    };
    signal?.addEventListener('abort', abort);
    const over = (): void => {
      cancel();
      // A connection has one signal for all its requests, so each request must take its listener away.
      signal?.removeEventListener('abort', abort);
    };
    const body = `[${frames.map(encodeFrame).join(',')}]`;
    network.leaves(process, body);
    const troublesOf = (way: 'up' | 'down', sent: readonly (ClientFrame | ServerFrame)[]): readonly (FrameTrouble | null)[] =>
      sent.map((frame) => network.trouble(way, frame, process));
    const longest = (troubles: readonly (FrameTrouble | null)[]): number => Math.max(0, ...troubles.map(holdOf));
    const fails = (way: 'up' | 'down'): boolean => !network.conditions[way] || network.random.chance(network.conditions.cut);
    const refuse = (): void =>
      void process.later(network.delay(), 'request fails', () => {
        over();
        fail('transport/unreachable', 'the server could not be reached');
      });
    const hear = (heard: readonly ServerFrame[]): void => {
      if (isAborted) return;
      over();
      for (const frame of heard) network.arrives(process, frame, body);
      resolve([...heard]);
    };
    const answered = (answer: string): void => {
      if (isAborted) return;
      try {
        const heard = decodeServerFrames(answer);
        const troubles = troublesOf('down', heard);
        if (troubles.some(isLost)) {
          over();
          return fail('transport/unreachable', 'the answer was lost');
        }
        const holdMs = longest(troubles);
        if (holdMs > 0) process.later(holdMs, 'held answer', () => hear(heard));
        else hear(heard);
      } catch (error) {
        over();
        reject(asError(error));
      }
    };
    const reach = (isAnswered: boolean): void => {
      if (!network.end.process?.alive) return isAnswered ? refuse() : undefined;
      network.end.request(body).then(
        (answer) => {
          if (!isAnswered) return;
          if (fails('down')) return refuse();
          process.later(network.delay(), `is answered ${answer.body}`, () => answered(answer.body));
        },
        () => (isAnswered ? refuse() : undefined),
      );
    };
    const ask = (isAnswered: boolean): void =>
      void process.time.schedule(network.delay(), `${process.name} asks ${body}`, () => {
        const troubles = fails('up') ? (['lost'] as const) : troublesOf('up', frames);
        if (troubles.some(isLost)) return isAnswered ? refuse() : undefined;
        const answers = troubles.flatMap((trouble) => answerOf(trouble) ?? []);
        const holdMs = longest(troubles);
        if (answers.length > 0) process.later(network.delay(), 'is answered by the test', () => hear(answers));
        else if (holdMs > 0) process.time.schedule(holdMs, `${process.name} held ${body}`, () => reach(isAnswered));
        else reach(isAnswered);
      });
    ask(true);
    // A proxy may repeat a request by itself.
    if (!network.random.chance(network.conditions.duplicate)) return;
    network.count('duplicate');
    ask(false);
  });
