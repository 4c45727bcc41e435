/** Breaks of the rows about ids and texts (F110, F124, F126). */
import type { Break } from './breaks.ts';

export const ID_BREAKS: readonly Break[] = [];
