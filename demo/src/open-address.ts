/** Opens the chat that the address names, see `address.ts`. */
import { PHONE_OWNERS } from './people.ts';
import { openChat, takeInHand } from './view-state.ts';

const look = (): void => {
  const [, userId, name = ''] = /^#([^/]+)\/(.+)$/.exec(decodeURIComponent(location.hash)) ?? [];
  const owner = PHONE_OWNERS.find((one) => one === userId);
  if (!owner || !(name.startsWith('direct:') || name.startsWith('group:'))) return;
  // A reload shows what the user opened last.
  history.replaceState(null, '', '/');
  takeInHand(owner);
  openChat(owner, name as `direct:${string}`);
};

/** Looks now, and whenever the address changes. */
export const openFromAddress = (): void => {
  addEventListener('hashchange', look);
  look();
};
