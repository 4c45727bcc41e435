/** Breaks of the rows about the folder, tokens and origins of a server (F122, F123, F128). */
import type { Break } from './breaks.ts';

export const DOOR_BREAKS: readonly Break[] = [];
