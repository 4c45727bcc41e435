/**
 * Recorded traffic, line by line. Each line is a JSON object: `c` channel-day, `m` minute of the day, `u`
 * person, and `x` a text or `e` an event.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Line {
  /** The channel-day of the line. */
  readonly day: string;
  /** Minutes since the channel-day's first midnight, never falling within a channel-day. */
  readonly at: number;
  readonly person: string;
  readonly kind: 'say' | 'join' | 'leave';
  readonly text: string;
  /** The addressee of a text with `uN:` at its start; never the speaker. */
  readonly to: string | null;
}

const DAY_MINUTES = 24 * 60;

const addressee = (text: string, speaker: string): string | null => {
  const name = /^(u\d+):/.exec(text)?.[1];
  return name === undefined || name === speaker ? null : name;
};

/** @param days reads only the first channel-days, this many. */
export const readTraffic = (file: string, days = Infinity): Line[] => {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines: Line[] = [];
  let day: string | undefined;
  let seen = 0;
  let at = 0;
  for (const [i, json] of text.split('\n').entries()) {
    if (json.trim() === '') continue;
    const { c, m, u, x, e } = JSON.parse(json) as Record<string, unknown>;
    if (typeof c !== 'string' || typeof m !== 'number' || typeof u !== 'string') throw new Error(`${file}:${i + 1}: not a line of traffic`);
    if (c !== day) {
      if (++seen > days) break;
      day = c;
      at = m;
    }
    // After midnight the minutes begin again. Small steps back are corrections of clocks.
    const since = m + Math.floor(at / DAY_MINUTES) * DAY_MINUTES;
    at = since < at - DAY_MINUTES / 2 ? since + DAY_MINUTES : Math.max(at, since);
    if (typeof x === 'string') lines.push({ day: c, at, person: u, kind: 'say', text: x, to: addressee(x, u) });
    else if (e === 'join' || e === 'leave') lines.push({ day: c, at, person: u, kind: e, text: '', to: null });
    else throw new Error(`${file}:${i + 1}: neither text nor event`);
  }
  return lines;
};

/** The most frequent name, and the first by alphabet on a tie. */
const mostNamed = (names: readonly string[]): string | undefined => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
};

/** The person with the most incoming messages. */
export const busiestAddressee = (lines: readonly Line[]): string | undefined => mostNamed(lines.flatMap(({ to }) => to ?? []));

export const busiestSpeaker = (lines: readonly Line[]): string | undefined =>
  mostNamed(lines.flatMap(({ kind, person }) => (kind === 'say' ? person : [])));
