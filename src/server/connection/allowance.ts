/** What frames and answers cost a user: the user's allowance, and the user's share of the store's work. */
import type { UserId } from '../../model/ids.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { Core } from '../core.ts';

/** A user with a longer backlog of store work is asked to come back after the backlog. */
const MAX_BACKLOG_MS = 500;

/** The reason for refusing a frame now, and the ms until the client may retry. */
export interface Busy {
  readonly why: string;
  readonly ms: number;
}

/**
 * The cost of a frame against its user's allowance, taken before the answer. The cost of the answer is taken
 * while the answer is sent.
 */
const cost = (frame: ClientFrame): number => {
  switch (frame.type) {
    case 'submit':
      return frame.entries.length;
    case 'fetch':
      return frame.wants.length;
    case 'fetch-receipts':
      return frame.messageIds.length;
    default:
      return 1;
  }
};

/** Frames with answers charged to the allowance. Unasked frames and the answer to a submit are free. */
export const ASKING: ReadonlySet<ClientFrame['type']> = new Set(['pull', 'fetch', 'fetch-receipts', 'fetch-members']);

/** Whether the answer of this frame is charged to the allowance. */
export const isCharged = ({ type }: ClientFrame): boolean => ASKING.has(type);

/** Takes the cost of a frame. @returns the reason for refusing the frame; `undefined` if the frame runs now. */
export const takeCost = (core: Core, frame: ClientFrame, me: UserId): Busy | undefined => {
  const backlogMs = frame.type === 'auth' || frame.type === 'ping' ? 0 : core.turns.backlogMs(me);
  if (backlogMs > MAX_BACKLOG_MS) return { why: 'this account has too much work waiting', ms: Math.ceil(backlogMs) };
  const ms = core.buckets.take(me, cost(frame), core.policy().rate, core.clock.mono());
  return ms > 0 ? { why: 'too much at once', ms } : undefined;
};

/** Charges the characters of an answer. The cost may exceed the allowance: then the next frame waits. */
export const chargeAnswer = (core: Core, chars: number, me: UserId): void =>
  core.buckets.charge(me, chars / 1024, core.policy().rate, core.clock.mono());
