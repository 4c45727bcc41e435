/**
 * A task: stores the history of conversations from another system, with its times, positions and receipts. A transaction stores a batch of
 * messages with few statements. Receipts and positions take the way of a client's entry, so every rule holds for them.
 *
 *   messages, receipts ─▶ in the order of their times ─▶ one transaction: messages, their receipts, positions as far as the messages ─▶ hints
 */
import { UsageError } from '../../errors.ts';
import type { Core } from '../core.ts';
import { persist } from '../store/persist.ts';
import { ImportBatch } from './import-batch.ts';
import { type CheckedConversation, checkConversation, type ImportedConversation } from './imported.ts';

/** Messages and receipts of one transaction. A long transaction would hold back the feed of every user. */
const BATCH = 200;

/** The answer of `importMessages`. */
export interface Imported {
  /** The number of messages that the server stored. */
  readonly stored: number;
  /** The number of messages that it had already, from an earlier call. */
  readonly known: number;
}

type ImportCore = Pick<Core, 'store' | 'clock' | 'bus' | 'policy'>;

const importOne = async (core: ImportCore, conversation: CheckedConversation): Promise<Imported> => {
  const { facts } = conversation;
  let stored = 0;
  let lastPlace = -1;
  for (let at = 0; at < facts.length; at += BATCH) {
    const some = facts.slice(at, at + BATCH);
    lastPlace += some.filter(({ kind }) => kind === 'message').length;
    const last = lastPlace;
    const done = await persist(core, 'import', (tx) => new ImportBatch(tx, conversation, core.policy().receipts).store(some, last));
    stored += done.stored;
    if (done.userIds.length > 0) core.bus.publish({ kind: 'changes', userIds: done.userIds });
  }
  return { stored, known: conversation.messageIds.length - stored };
};

/** @see ReceiptServer.importMessages */
export const importMessages = async (opening: Promise<ImportCore>, conversations: readonly ImportedConversation[]): Promise<Imported> => {
  if (!Array.isArray(conversations)) throw new UsageError('usage/invalid-argument', 'importMessages takes a list of conversations');
  const checked = conversations.map((one: ImportedConversation) => checkConversation(one));
  const core = await opening;
  let [stored, known] = [0, 0];
  for (const conversation of checked) {
    const done = await importOne(core, conversation);
    stored += done.stored;
    known += done.known;
  }
  return { stored, known };
};
