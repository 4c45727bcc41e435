/** The last records of a log, for the inspector. */
import type { Log } from '../logging.ts';
import type { LogLine } from '../model/api/inspection.ts';

const MAX_LINES = 200;

/** @returns a log that keeps the last records in `lines`. */
export const keepIn =
  (lines: LogLine[]): Log =>
  (level, event, details = {}) => {
    if (lines.push({ at: Date.now(), level, event, details }) > MAX_LINES) lines.shift();
  };
