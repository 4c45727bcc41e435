/** Icons as SVG elements, in the colour of the surrounding text and hidden from screen readers. */

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  plane: 'M21 15.5v-1.8l-7.5-4.6V4.6a1.5 1.5 0 0 0-3 0v4.5L3 13.7v1.8l7.5-2.2v4.4l-2 1.4v1.4L12 19.6l3.5.9v-1.4l-2-1.4v-4.4z',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  more: 'M12 5.6v.01M12 12v.01M12 18.4v.01',
  send: 'M5 12h13M12.5 6l6 6-6 6',
  clock: 'M8 4.8V8l2.1 1.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  tick: 'M3.4 8.6l3 3 6.2-7',
  ticks: 'M1.6 8.6l3 3 6.2-7M8.6 11.2l.5.5 6.2-7',
  failed: 'M8 4.6v4M8 11.2v.01M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  muted: 'M6.5 9.5a5.5 5.5 0 0 1 8.6-4.5M17.5 10.5V14l1.5 2.5H8M6.5 11.5V14L5 16.5M10.5 19.5h3M4 4l16 16',
  out: 'M4 7.5 12 13l8-5.5M4 7.5v9.3c0 .7.5 1.2 1.2 1.2h13.6c.7 0 1.2-.5 1.2-1.2V7.5c0-.7-.5-1.2-1.2-1.2H5.2c-.7 0-1.2.5-1.2 1.2z',
  check: 'M5.5 12.5l4.2 4.2 8.8-9.6',
  wave: 'M3 10c2.2 0 2.2-2 4.5-2S9.8 10 12 10s2.2-2 4.5-2 2.3 2 4.5 2M3 16c2.2 0 2.2-2 4.5-2s2.3 2 4.5 2 2.2-2 4.5-2 2.3 2 4.5 2',
  people:
    'M9 11.2a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8M2.8 19.4c.4-3.3 2.9-5.2 6.2-5.2s5.8 1.9 6.2 5.2M15.6 4.9a3.2 3.2 0 0 1 0 6M17.4 14.6c2.1.6 3.5 2.3 3.8 4.8',
  next: 'M6 3.8 10.2 8 6 12.2',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  eye: 'M2.8 12s3.4-6 9.2-6 9.2 6 9.2 6-3.4 6-9.2 6-9.2-6-9.2-6zM12 14.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2',
  pen: 'M5 19l1-4L15.5 5.5a1.8 1.8 0 0 1 2.6 0l.4.4a1.8 1.8 0 0 1 0 2.6L9 18z',
} as const;

export type IconName = keyof typeof PATHS;

const SMALL: ReadonlySet<IconName> = new Set(['clock', 'tick', 'ticks', 'failed', 'next']);

export const icon = (name: IconName): SVGSVGElement => {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', SMALL.has(name) ? '0 0 16 16' : '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
};
