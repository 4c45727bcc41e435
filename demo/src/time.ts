/** Short texts for times. */
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const withSeconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export const clockTime = (at: number): string => clock.format(at);

export const exactTime = (at: number): string => withSeconds.format(at);

/** The time for a moment of today, the date for an earlier one. */
export const shortTime = (at: number): string =>
  new Date(at).toDateString() === new Date().toDateString() ? clock.format(at) : day.format(at);

/** "12 s", "3 min", "2 h", "4 d". Never negative, even if the clock was set back. */
export const age = (at: number, now = Date.now()): string => {
  const s = Math.max(0, Math.round((now - at) / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
};
