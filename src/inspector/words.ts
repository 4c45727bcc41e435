/** Numbers and times as a person reads them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export const size = (bytes: number): string => {
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** unit;
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${UNITS[unit]}`;
};

export const clock = (at: number): string => new Date(at).toLocaleTimeString([], { hour12: false });

/** A length of time in its largest unit. */
export const span = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${Math.max(0, seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
};

export const ago = (at: number, now: number): string => `${span(now - at)} ago`;
export const ahead = (at: number, now: number): string => (at <= now ? 'now' : `in ${span(at - now)}`);

export const ranges = (all: readonly (readonly [from: number, upTo: number])[]): string =>
  all.map(([from, upTo]) => (from === upTo ? `${from}` : `${from}–${upTo}`)).join(', ') || 'none';

/** The details of a log record: `code=transport/closed entries=3`. */
export const details = (given: object): string =>
  Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ');
