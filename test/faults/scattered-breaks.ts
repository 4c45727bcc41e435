/** Breaks of the rows about scattered receipts (F114). */
import type { Break } from './breaks.ts';

export const SCATTERED_BREAKS: readonly Break[] = [];
