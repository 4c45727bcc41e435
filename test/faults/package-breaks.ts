/** Breaks of the rows about the start of the worker (F127). */
import type { Break } from './breaks.ts';

export const PACKAGE_BREAKS: readonly Break[] = [];
