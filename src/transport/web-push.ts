/** The road that works while nothing of the app runs: what a host sent by Web Push. */
import { ProtocolError } from '../errors.ts';
import { decodePush } from '../protocol/codec.ts';
import type { PushFrame } from '../protocol/push.ts';

export type { PushFrame } from '../protocol/push.ts';

/** @returns null for what is no push of this protocol: the host may send others of its own. */
export const readPush = (text: string): PushFrame | null => {
  try {
    return decodePush(text);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
};
