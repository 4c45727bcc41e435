/** How long to wait before the next attempt: full jitter after the cap, so that a crowd spreads out (F56). */
export const BACKOFF_BASE_MS = 500;
export const BACKOFF_CAP_MS = 15_000;
/** No sooner than this, so that no loop runs hot (I-21). */
export const BACKOFF_FLOOR_MS = 150;

/**
 * @param attempt failures in a row so far, from 0; `Infinity` spreads over the whole cap at once.
 * @param random [0, 1)
 * @param retryAfterMs what the server asked for; obeyed, and spread by up to as much again.
 */
export const backoffMs = (attempt: number, random: number, retryAfterMs = 0): number => {
  const cap = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(retryAfterMs + Math.max(BACKOFF_FLOOR_MS, random * Math.max(cap, retryAfterMs)));
};
