/** Frames by Web Push, which reach the service worker while no page runs. */
import { ProtocolError } from '../errors.ts';
import { decodePush } from '../protocol/codec.ts';
import type { PushFrame } from '../protocol/push.ts';

export type { PushFrame } from '../protocol/push.ts';

/** @returns null for a push of another protocol: the app's backend may send its own. */
export const readPush = (text: string): PushFrame | null => {
  try {
    return decodePush(text);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
};
