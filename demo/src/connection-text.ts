import type { ConnectionStatus } from 'tidemark';

/** The text of a phone's connection. */
export const connectionText = ({ state, paused, retryAt, error, durability }: ConnectionStatus, now = Date.now()): string => {
  const volatile = durability === 'volatile' ? ' · this browser stores nothing' : '';
  if (state === 'stopped') return `Stopped: ${error?.message ?? 'this account cannot continue here'}`;
  if (paused) return `Aeroplane mode${volatile}`;
  const seconds = retryAt === null ? 0 : Math.ceil((retryAt - now) / 1000);
  const texts = {
    live: 'Live',
    connecting: 'Connecting',
    'catching-up': 'Catching up',
    offline: seconds > 0 ? `Offline · retry in ${seconds} s` : 'Offline',
  } as const;
  return texts[state] + volatile;
};

/** The look of the line between a phone and the server. */
export const linkLook = ({ state, paused }: ConnectionStatus): 'live' | 'trying' | 'paused' | 'down' => {
  if (paused) return 'paused';
  if (state === 'live') return 'live';
  return state === 'connecting' || state === 'catching-up' ? 'trying' : 'down';
};
