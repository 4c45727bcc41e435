/**
 * A stored row with encrypted texts. Rows are JSON texts; the texts of users are taken out of it, and the rest stays readable:
 *
 *   {"id":"m1","seq":4,"body":"\"hello\""}  ─▶  text: {"id":"m1","seq":4,"body":␀}    sealed: \"hello\"
 *
 * So positions, receipts and the outbox survive a lost key. JSON never holds the character NUL, so each place is found again.
 */
import { LOST_TEXT } from '../model/message/lost-text.ts';
import type { TableName } from '../ports/ports.ts';

export interface SealedRow {
  /** The row without its texts. */
  readonly text: string;
  readonly sealed: Uint8Array;
}

const HOLE = '\0';
/** As JSON, so that a cipher may encrypt the row again: the lone surrogate itself does not survive UTF-8. */
const LOST = JSON.stringify(LOST_TEXT).slice(1, -1);

/** Keys of the texts: a message's body, a receipt's text in the outbox, a receipt's text in an event. Keys alone precede a colon. */
const TEXTS = /("(?:body|text|content)":")([^"\\]*(?:\\.[^"\\]*)*)/g;

export const isSealed = (record: unknown): record is SealedRow => typeof record === 'object' && record !== null && 'sealed' in record;

/** The row without its texts, and its texts; null if the row has none. A list of texts is all text: the bodies of a log record. */
export const takeTexts = (row: string): readonly [rest: string, texts: string] | null => {
  if (row.startsWith('["')) return [HOLE, row];
  const texts: string[] = [];
  const rest = row.replace(TEXTS, (all, before: string, text: string) => {
    if (text === '') return all;
    texts.push(text);
    return before + HOLE;
  });
  return texts.length > 0 ? [rest, texts.join(HOLE)] : null;
};

/**
 * Puts the texts back.
 *
 * @param texts null if they cannot be read. A page then counts as missing, as do the bodies of a log record; elsewhere the texts are
 * {@link LOST_TEXT}.
 */
export const putTexts = (table: TableName, rest: string, texts: string | null): string | undefined => {
  if (texts === null && table === 'pages') return undefined;
  if (rest === HOLE) return texts ?? '[]';
  const each = texts?.split(HOLE);
  return rest
    .split(HOLE)
    .map((part, i) => (i === 0 ? part : (each ? each[i - 1]! : LOST) + part))
    .join('');
};
