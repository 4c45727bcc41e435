import type { UserId } from 'tidemark';
import { h } from './dom.ts';
import { person } from './people.ts';

/** A round initial; decoration, since the name always stands beside it. */
export const portrait = (userId: UserId): HTMLElement => {
  const { name, hue } = person(userId);
  return h('span', { class: 'portrait', style: `--hue: ${hue}`, 'aria-hidden': 'true' }, name.slice(0, 1));
};
