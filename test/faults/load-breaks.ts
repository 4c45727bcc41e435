/** Breaks of the rows about the load on a server (F119, F120, F121, F125). */
import type { Break } from './breaks.ts';

export const LOAD_BREAKS: readonly Break[] = [];
