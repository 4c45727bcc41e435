/** The frame of every plot that a measurement writes. */

export const PLOT_WIDTH = 880;

export const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export const svg = (height: number, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${PLOT_WIDTH}" height="${height}" viewBox="0 0 ${PLOT_WIDTH} ${height}" ` +
  `font-family="system-ui, sans-serif" font-size="12" fill="#57534e"><rect width="100%" height="100%" fill="#fff"/>${body}</svg>\n`;
