/** The table as a picture: a bar for each contestant, and a dot for each round. */

export interface Row {
  readonly what: string;
  /** Milliseconds, one value for each round. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly against: string;
  readonly aim: string;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const WIDTH = 880;
const LEFT = 24;
const BARS = 560;
const ROW = 92;
const TOP = 64;
const OURS = '#0f766e';
const THEIRS = '#a8a29e';

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const shown = (ms: number): string => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

const bar = (y: number, values: readonly number[], most: number, color: string, name: string): string => {
  const length = (value: number): number => Math.max(2, (value / most) * BARS);
  const end = LEFT + Math.max(...values.map(length)) + 10;
  const dots = values
    .map((value) => `<circle cx="${(LEFT + length(value)).toFixed(1)}" cy="${y + 9}" r="2.5" fill="#fff" stroke="${color}"/>`)
    .join('');
  return (
    `<rect x="${LEFT}" y="${y}" width="${length(median(values)).toFixed(1)}" height="18" rx="3" fill="${color}"/>${dots}` +
    `<text x="${end.toFixed(1)}" y="${y + 13}"><tspan font-weight="600">${shown(median(values))}</tspan> ${escape(name)}</text>`
  );
};

/** Each row has its own scale: the picture compares two bars, not two rows. */
export const plot = (rows: readonly Row[], caption: string): string => {
  const body = rows.map(({ what, ours, theirs, against }, i) => {
    const y = TOP + i * ROW;
    const most = Math.max(...ours, ...theirs);
    const ratio = median(theirs) / median(ours);
    const told = ratio >= 1 ? `${ratio.toFixed(1)}× faster` : `${(1 / ratio).toFixed(1)}× slower`;
    return (
      `<text x="${LEFT}" y="${y}" font-weight="600" fill="#1c1917">${escape(what)} <tspan fill="${OURS}">${told}</tspan></text>` +
      bar(y + 10, ours, most, OURS, 'Tidemark') +
      bar(y + 34, theirs, most, THEIRS, against)
    );
  });
  const height = TOP + rows.length * ROW;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#57534e"><rect width="100%" height="100%" fill="#fff"/>` +
    `<text x="${LEFT}" y="28" font-size="13">Time in a real Chromium, IndexedDB on disk; shorter is better. ${escape(caption)}.</text>` +
    `${body.join('')}</svg>\n`
  );
};
