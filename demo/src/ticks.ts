/** The status of an own message, as a picture and in words. */
import type { MessageStatus } from 'tidemark';
import { h, hidden } from './dom.ts';
import { icon, type IconName } from './icons.ts';

const LOOKS: Readonly<Record<Exclude<MessageStatus, 'received'>, readonly [IconName, string]>> = {
  pending: ['clock', 'Queued on this phone'],
  sent: ['tick', 'Sent'],
  delivered: ['ticks', 'Delivered'],
  read: ['ticks', 'Read'],
  failed: ['failed', 'Refused by the server'],
};

export const statusText = (status: MessageStatus): string => (status === 'received' ? '' : LOOKS[status][1]);

/** The ticks of an own message; null for messages of other people. */
export const ticks = (status: MessageStatus): HTMLElement | null => {
  if (status === 'received') return null;
  const [name, text] = LOOKS[status];
  return h('span', { class: 'ticks', 'data-status': status, title: text }, icon(name), hidden(text));
};
