/** Breaks of the rows about retries and pushes (F115, F116). */
import type { Break } from './breaks.ts';

export const RETRY_BREAKS: readonly Break[] = [];
