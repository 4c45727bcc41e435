/**
 * The texts of outbox entries. The text of a message is a row of its own in the table `log`, from the call that sends the message until no
 * entry has it: neither pending, nor confirmed of late, nor a dead letter. Log and snapshot hold the entry without the text, so a compaction
 * copies no text that still waits. On a device full of unsent messages it would find no room for the copies (F141).
 */
import type { MessageEntry, OutboxEntry } from '../model/outbox-entry.ts';
import { LOST_TEXT } from '../model/message/lost-text.ts';
import type { KeyRange, StoreTx } from '../ports/ports.ts';

/** All text rows: their keys are strings. The keys of log records are numbers. */
export const TEXT_ROWS: KeyRange = { from: '', upTo: [] };

const keyOf = ({ textOf, key }: MessageEntry): string => textOf ?? key;

/** The entry as log and snapshot hold it. */
export const withoutText = <E extends OutboxEntry>(entry: E): E =>
  entry.kind === 'message' ? { ...entry, message: { ...entry.message, body: undefined } } : entry;

/** Writes the text of a new entry. */
export const putText = (tx: StoreTx, entry: OutboxEntry): void => {
  if (entry.kind === 'message') tx.put('log', keyOf(entry), JSON.stringify({ body: entry.message.body }));
};

/** Reads the texts of these entries. @returns a function that gives an entry its text. */
export const readTexts = async (tx: StoreTx, entries: readonly OutboxEntry[]): Promise<<E extends OutboxEntry>(entry: E) => E> => {
  const keys = entries.flatMap((entry) => (entry.kind === 'message' ? keyOf(entry) : []));
  const rows = keys.length > 0 ? ((await tx.getMany('log', keys)) as (string | undefined)[]) : [];
  const texts = new Map(keys.map((key, i) => [key, rows[i]]));
  return (entry) => {
    if (entry.kind !== 'message') return entry;
    const row = texts.get(keyOf(entry));
    const { body } = row === undefined ? { body: LOST_TEXT } : (JSON.parse(row) as { body: string });
    return { ...entry, message: { ...entry.message, body } };
  };
};

/** Deletes the texts that none of these entries has. @returns whether there were any. */
export const sweepTexts = async (tx: StoreTx, entries: readonly OutboxEntry[]): Promise<boolean> => {
  const held = new Set<unknown>(entries.map((entry) => (entry.kind === 'message' ? keyOf(entry) : null)));
  const ended = (await tx.keys('log', TEXT_ROWS)).filter((key) => !held.has(key));
  for (const key of ended) tx.delete('log', key);
  return ended.length > 0;
};
