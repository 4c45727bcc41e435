/** Frames by Web Push, which reach the service worker while no page runs. */
import { ProtocolError } from '../errors.ts';
import { isId, type UserId } from '../model/ids.ts';
import { decodePush } from '../protocol/codec.ts';
import type { PushFrame } from '../protocol/push.ts';

export type { PushFrame } from '../protocol/push.ts';

/** A push that this service worker does not understand, for example of a newer server. */
export interface UnreadablePush {
  readonly type: 'unreadable';
  /** The account, if the push names one. */
  readonly userId: UserId | null;
  readonly error: ProtocolError;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The push in a payload, before any check; null for a payload of another protocol. */
const uncheckedPush = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text);
    const push = isObject(value) && isObject(value['notification']) ? value['notification']['data'] : value;
    return isObject(push) && push['type'] === 'push' && 'userId' in push && 'conversationId' in push ? push : null;
  } catch {
    return null;
  }
};

/** @returns null for a push of another protocol: the app's backend may send its own. */
export const readPush = (text: string): PushFrame | UnreadablePush | null => {
  try {
    return decodePush(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const push = uncheckedPush(text);
    return push && { type: 'unreadable', userId: isId(push['userId']) ? push['userId'] : null, error };
  }
};
