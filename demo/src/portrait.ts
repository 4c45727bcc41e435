import type { ConversationId, UserId } from 'tidemark';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import { chatPartner, isGroup, person, type Person } from './people.ts';

const round = (hue: number, sign: Node | string): HTMLElement =>
  h('span', { class: 'portrait', style: `--hue: ${hue}`, 'aria-hidden': 'true' }, sign);

const initial = ({ name, hue }: Person): HTMLElement => round(hue, name.slice(0, 1));

/** A round initial. Hidden from screen readers, because the name is always beside it. */
export const portrait = (userId: UserId): HTMLElement => initial(person(userId));

/** The portrait of a conversation: the peer's initial, or a picture of people for a group. */
export const chatPortrait = (id: ConversationId): HTMLElement => {
  const partner = chatPartner(id);
  return isGroup(id) ? round(partner.hue, icon('people')) : initial(partner);
};
