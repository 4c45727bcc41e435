/** Breaks of the rows about calls in one turn, closed clients (F111, F118, F129). */
import type { Break } from './breaks.ts';

export const ORDER_BREAKS: readonly Break[] = [];
