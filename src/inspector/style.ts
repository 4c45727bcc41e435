/** The style of the panel, as an adopted stylesheet: a strict Content-Security-Policy allows it without `unsafe-inline`. */

const LIGHT = `
  color-scheme: light;
  --page: #edf1f5; --surface: #fff; --line: #dde5ec; --ink: #12202c; --muted: #54646f; --raised: #f5f8fa;
  --accent: #0068b3; --soft: #dbebf9; --good: #1d7a4c; --good-soft: #dff3e7; --busy: #8a5a00; --busy-soft: #fbeed2;
  --bad: #a8321a; --bad-soft: #fde7e0;`;
const DARK = `
  color-scheme: dark;
  --page: #0a1118; --surface: #111b24; --line: #243441; --ink: #e4edf4; --muted: #98a9b6; --raised: #17232e;
  --accent: #62bdff; --soft: #123a5a; --good: #6fd8a1; --good-soft: #12372a; --busy: #f3c26b; --busy-soft: #3a2c10;
  --bad: #ffab93; --bad-soft: #43211a;`;

const CSS = `
:host { ${LIGHT}
  display: block; container-type: inline-size; background: var(--page); color: var(--ink);
  font: 14px/1.45 Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums;
}
@media (prefers-color-scheme: dark) { :host { ${DARK} } }
:host([scheme='light']) { ${LIGHT} }
:host([scheme='dark']) { ${DARK} }
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; margin: 0; padding: 0; }
.frame { max-width: 1180px; margin-inline: auto; padding: 18px clamp(12px, 3cqi, 28px) 28px; display: grid; gap: 14px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 12px; }
.mark { width: 34px; height: 34px; padding: 5px; border-radius: 10px; background: var(--accent); fill: none;
  stroke: var(--surface); stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; flex: none; }
h1 { font-size: 17px; font-weight: 650; letter-spacing: -0.01em; }
h1 small { display: block; font-size: 12.5px; font-weight: 450; color: var(--muted); letter-spacing: 0; }
button, select { font: inherit; color: inherit; min-height: 38px; border-radius: 19px; border: 1px solid var(--line);
  background: var(--surface); padding: 0 14px; cursor: pointer; max-width: 100%; }
button:hover, select:hover { background: var(--raised); }
header button { margin-inline-start: auto; font-weight: 550; }
:focus-visible { outline: 2.5px solid var(--accent); outline-offset: 2px; }
.trouble { margin-bottom: 12px; padding: 11px 14px; border-radius: 12px; background: var(--bad-soft); color: var(--bad); font-weight: 550;
  overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 150px), 1fr)); gap: 1px; background: var(--line);
  border: 1px solid var(--line); border-radius: 16px; overflow: hidden; }
.facts > div { background: var(--surface); padding: 11px 15px 12px; }
.facts dt, .list dt { color: var(--muted); font-size: 12.5px; }
.facts dd { font-weight: 600; }
.facts dd[data-kind]:not([data-kind='']) { display: flex; align-items: center; gap: 7px; }
.facts dd[data-kind]:not([data-kind=''])::before { content: ''; width: 9px; height: 9px; border-radius: 50%; background: currentColor; flex: none; }
[data-kind='good'] { color: var(--good); }
[data-kind='busy'], [data-kind='warn'] { color: var(--busy); }
[data-kind='bad'], [data-kind='error'] { color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; align-items: start; }
.column { display: grid; gap: 14px; align-content: start; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 16px; padding: 15px 16px 16px; display: grid; gap: 10px;
  min-width: 0; }
h2 { font-size: 14px; font-weight: 650; }
.note { color: var(--muted); }
.note:empty { display: none; }
.scroll { overflow-x: auto; border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: start; font-size: 12.5px; font-weight: 500; color: var(--muted); white-space: nowrap; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-inline-end: 0; }
tr:last-child td { border-bottom: 0; padding-bottom: 0; }
td { white-space: nowrap; }
td:nth-child(2) { white-space: normal; overflow-wrap: anywhere; min-width: 12ch; font-weight: 550; }
.list { display: grid; gap: 7px; }
.list > div { display: grid; grid-template-columns: minmax(120px, 34%) 1fr; gap: 2px 12px; align-items: baseline; }
.list dd { overflow-wrap: anywhere; }
[data-kind='code'], .lines { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace; font-size: 12.5px; }
.pick { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; color: var(--muted); font-size: 12.5px; }
.pick select { color: var(--ink); font-size: 14px; flex: 1 1 180px; min-width: 0; }
.log .pick select { flex: 0 1 240px; }
.total { display: flex; align-items: baseline; gap: 9px; }
.count { font-size: 34px; line-height: 1.1; font-weight: 650; letter-spacing: -0.02em; color: var(--accent); }
.gauge { display: grid; gap: 4px; margin-block: 2px 6px; }
.strip { position: relative; height: 26px; border-radius: 8px; overflow: hidden; background: var(--raised); border: 1px solid var(--line); }
.strip i { position: absolute; inset-block: 0; }
.strip [data-kind='read'] { background: var(--soft); }
.strip [data-kind='counted'] { background: var(--accent); }
.strip [data-kind='uncounted'] { background: repeating-linear-gradient(135deg, transparent 0 4px, var(--line) 4px 8px); }
.strip [data-kind='not-held'] { inset-block: auto 0; height: 7px; background: var(--busy); }
dd[data-kind='counted']::before, dd[data-kind='uncounted']::before, dd[data-kind='not-held']::before { content: ''; display: inline-block;
  width: 10px; height: 10px; border-radius: 3px; margin-inline-end: 7px; border: 1px solid var(--line); }
dd[data-kind='counted']::before { background: var(--accent); border-color: var(--accent); }
dd[data-kind='uncounted']::before { background: repeating-linear-gradient(135deg, transparent 0 2px, var(--muted) 2px 4px); }
dd[data-kind='not-held']::before { background: var(--busy); border-color: var(--busy); }
.ends { display: flex; justify-content: space-between; color: var(--muted); font-size: 12.5px; }
.log { grid-column: 1 / -1; }
.lines { list-style: none; max-height: 340px; overflow: auto; border-radius: 10px; background: var(--raised); border: 1px solid var(--line);
  padding: 8px 0; line-height: 1.55; overscroll-behavior: contain; }
.lines:empty { display: none; }
.lines li { display: grid; grid-template-columns: 8ch 6ch 24ch 1fr; gap: 0 12px; padding: 1px 12px; }
.lines li:hover { background: var(--surface); }
.lines span:first-child, .lines span:last-child { color: var(--muted); }
.lines span:nth-child(3) { font-weight: 600; }
.lines span { overflow-wrap: anywhere; }
@container (max-width: 760px) {
  .cards { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: 1fr 1fr; }
  .lines li { grid-template-columns: 8ch 6ch 1fr; padding-block: 4px; }
  .lines span:last-child { grid-column: 1 / -1; }
  .lines span:last-child:empty { display: none; }
}
`;

let sheet: CSSStyleSheet | undefined;

/** One sheet for all panels of the page. */
export const styleSheet = (): CSSStyleSheet => {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
};
