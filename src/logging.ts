/** The log of the package: levels, the shape of a record, and the default, which shows warnings and errors on the console. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The app's log. `event` is a stable name in kebab-case. `details` holds numbers, flags, codes and short texts of this package.
 * No record ever holds a message body, a token or text that a user wrote.
 *
 * @see LOG.md lists every event.
 */
export type Log = (level: LogLevel, event: string, details?: object) => void;

const isWarning = (level: LogLevel): boolean => level === 'warn' || level === 'error';

/** The default log. Debug and info records are dropped. */
export const warningsToConsole: Log = (level, event, details) => {
  // The only line of this package with access to the console, for apps without a log.
  // eslint-disable-next-line no-console
  if (isWarning(level)) console[level as 'warn' | 'error'](`tidemark: ${event}`, details ?? '');
};

/** @returns a log without exceptions: an error of the app's own log must not end the logged work. */
export const safeLog = (log: Log = warningsToConsole): Log => {
  return (level, event, details) => {
    try {
      log(level, event, details);
    } catch {
      // The record is lost.
    }
  };
};

/** @returns a log that adds these details to every record. */
export const withDetails =
  (log: Log, more: object): Log =>
  (level, event, details) =>
    log(level, event, { ...more, ...details });

/** @returns `log` for all records, or `log` for warnings and errors, and `others` for the rest. */
export const atLevel = (log: Log, all: boolean, others: Log): Log =>
  all ? log : (level, event, details) => (isWarning(level) ? log : others)(level, event, details);

const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'Object';
};

/** Removes quoted text. Libraries quote unreadable input: the schema of a frame behind "but received", others between quotes. */
const withoutQuotes = (message: string): string => message.replace(/ but received [^]*$/, '').replace(/["'`][^]*["'`]/, '"…"');

/** The details of an error for a record: code and message, without text quoted in the message. Empty without an error. */
export const errorDetails = (error: unknown): { readonly code?: string; readonly message?: string } => {
  if (error === undefined || error === null) return {};
  const message = typeof error === 'object' && 'message' in error && typeof error.message === 'string' ? error.message : '';
  return { code: codeOf(error), ...(message ? { message: withoutQuotes(message) } : {}) };
};

/** The details of an error of the app: its code alone, because its message may hold a token or a text. */
export const appErrorDetails = (error: unknown): { readonly code: string } => ({ code: codeOf(error) });
