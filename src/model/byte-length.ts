const encoder = new TextEncoder();

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Length of a text in UTF-8. Most texts are ASCII, and a search takes a tenth of the time of an encoding. */
export const byteLength = (text: string): number => (BEYOND_ASCII.test(text) ? encoder.encode(text).length : text.length);
