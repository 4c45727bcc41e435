/** Breaks of the rows about calls, counts and states that must be true (F112, F113, F117). */
import type { Break } from './breaks.ts';

export const STATE_BREAKS: readonly Break[] = [];
