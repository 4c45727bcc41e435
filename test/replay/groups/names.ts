/** The ids of groups and messages of the traffic on the server. */
import type { ConversationId } from '../../../src/model/ids.ts';

export const groupId = (group: string): ConversationId => `group:${group}`;

/** @param number the message's number in the channel-day, from 1 */
export const messageId = (group: string, number: number): string => `${group}/${number}`;
