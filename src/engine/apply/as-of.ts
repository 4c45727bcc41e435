/** The time of the last complete catch-up: when it is stored. */
import type { Frame } from '../../protocol/frames.ts';
import type { AccountState } from '../state/account-state.ts';
import type { News } from './apply-messages.ts';

/**
 * How far the stored time may be behind while the connection is live. A live page shows the state of now, so each step costs a write and an
 * emission for nothing. The time matters after the end of the connection, and `Feed.stop` stores it then. A tab that the browser kills
 * does not get there: then the time is at most this old.
 */
const LIVE_STEP_MS = 5 * 60_000;

export const isStepDue = (stored: number | null, asOf: number): boolean => stored === null || Math.abs(asOf - stored) >= LIVE_STEP_MS;

/** The time to store with the cursor of this frame; nothing if the frame is not the last one of a catch-up, or brings no useful step. */
export const asOfToStore = (
  model: AccountState,
  { complete, asOf }: Pick<Frame<'changes'>, 'complete' | 'asOf'>,
  news: News,
): { readonly asOf?: number } => (complete && asOf !== undefined && (news !== 'live' || isStepDue(model.asOf, asOf)) ? { asOf } : {});
