/**
 * The amount of frames from a tab or a service worker (I-21): no constant frames, no endless repetition of a
 * frame, and no submit before the end of a wait requested by a busy server.
 */
import type { ServerFrame } from '../../src/protocol/frames.ts';
import type { WireEntry } from '../../src/protocol/submit.ts';
import type { Simulation } from './simulation.ts';

/** The judged part of a frame: its place in the order of outgoing frames. */
export interface Said {
  readonly type: string;
  readonly id: number;
  readonly entries: readonly (WireEntry & { readonly conversationId?: string })[];
}

const MOST_IN_A_SECOND = 300;

/** Repetitions of a frame: a line with many breaks costs a few. */
const MOST_SUBMITS = 40;
const SUBMITS_WITHIN_MS = 10_000;

export class Talk {
  private readonly seconds = new Map<string, { readonly since: number; weight: number }>();
  /** The last submitted frame, by process. */
  private readonly submitted = new Map<string, { readonly key: string; readonly since: number; count: number }>();

  /** The submitted frame without an answer, by process. Ids repeat: each HTTP request and each socket counts its own. */
  private readonly unanswered = new Map<string, { readonly id: number; readonly request: string | undefined }>();
  /** The end of the wait requested by the server, by process. */
  private readonly waitsUntil = new Map<string, number>();

  constructor(private readonly sim: Simulation) {}

  /** @param weight a connection costs more than a frame. */
  says(process: string, weight: number): void {
    const { now } = this.sim.world.time;
    const said = this.seconds.get(process);
    if (!said || now - said.since > 1000) this.seconds.set(process, { since: now, weight });
    else if ((said.weight += weight) > MOST_IN_A_SECOND) this.sim.violated('I-21', `${process} said too much in a second`);
  }

  /** @param request the HTTP request of an answering frame; absent over a WebSocket. */
  hears(process: string, frame: ServerFrame, request: string | undefined): void {
    const waiting = this.unanswered.get(process);
    if (!waiting || !('id' in frame) || waiting.id !== frame.id || waiting.request !== request) return;
    if (frame.type !== 'answer' && frame.type !== 'error') return;
    this.unanswered.delete(process);
    if (frame.type === 'error' && frame.code === 'server/busy')
      this.waitsUntil.set(process, this.sim.world.time.now + (frame.retryAfterMs ?? 0));
  }

  /**
   * @param key of the first entry in the frame.
   * @param request the HTTP request with the frame; absent over a WebSocket.
   */
  submits(process: string, id: number, key: string, request: string | undefined): void {
    const { now } = this.sim.world.time;
    const waitMs = (this.waitsUntil.get(process) ?? 0) - now;
    if (waitMs > 1) this.sim.violated('I-21', `${process} submits ${key} ${waitMs.toFixed(0)} ms before the server would have it`);
    this.unanswered.set(process, { id, request });
    const last = this.submitted.get(process);
    if (last?.key !== key || now - last.since > SUBMITS_WITHIN_MS) this.submitted.set(process, { key, since: now, count: 1 });
    else if (++last.count > MOST_SUBMITS)
      this.sim.violated('I-21', `${process} submits ${key} ${last.count} times within ${SUBMITS_WITHIN_MS / 1000} s`);
  }
}
