/**
 * Repairs the state after the key of encrypted texts was lost: the browser deleted it, or a restored profile came without it. Rows,
 * positions and pending receipts are readable. The server has every message that it confirmed, so the device forgets the messages and
 * fetches them again. A pending message without its text becomes a dead letter, as does the text of a pending receipt.
 */
import { hasLostText, type MessageEntry, NO_PENDING_RECEIPTS, type OutboxEntry, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import { LOST_TEXT } from '../../model/message/lost-text.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { clearPages } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import { type MaintenanceHost, writeAlone } from './maintenance-write.ts';
import { rejected } from './rejected.ts';

export const hasLostTexts = (model: AccountState): boolean => {
  for (const { newest, row, unflushed } of model.conversations.values())
    if ([newest, row.lastMessage, ...unflushed.all].some((message) => message?.body === LOST_TEXT)) return true;
  return [...model.outbox.values(), ...model.confirmed.all].some(hasLostText);
};

type RepairPorts = Pick<Ports, 'store' | 'bus' | 'clock' | 'random' | 'log'>;

/** All receipts stay pending, without the lost texts. A dead letter names the messages of these. */
const withoutTexts = (ports: RepairPorts, entry: ReceiptsEntry): readonly Change[] => {
  const { contents } = entry.pendingReceipts;
  const namedIds = contents.filter(({ text }) => text === LOST_TEXT).map(({ id }) => id);
  const rest = { ...entry.pendingReceipts, contents: contents.filter(({ text }) => text !== LOST_TEXT) };
  const dead = { ...entry, key: ports.random.id(), pendingReceipts: { ...NO_PENDING_RECEIPTS, namedIds } };
  return [
    { t: 'end', key: entry.key, end: 'superseded' },
    { t: 'enqueue', entry: { ...entry, key: ports.random.id(), pendingReceipts: rest } },
    { t: 'enqueue', entry: dead },
    ...rejected(ports, dead, 'store/unreadable'),
  ];
};

const repaired = (ports: RepairPorts, entry: OutboxEntry): readonly Change[] => {
  if (!hasLostText(entry)) return [];
  // Settings have no texts.
  return entry.kind === 'receipts' ? withoutTexts(ports, entry) : rejected(ports, entry as MessageEntry, 'store/unreadable');
};

export const repairTexts = async (ports: RepairPorts, writer: MaintenanceHost): Promise<void> => {
  await writeAlone(
    ports,
    writer,
    'repair-texts',
    async (tx, model) => {
      // Another tab may have repaired it.
      if (!hasLostTexts(model)) return [];
      clearPages(tx);
      return [...[...model.outbox.values()].flatMap((entry) => repaired(ports, entry)), { t: 'texts-lost' }];
    },
    'strict',
  );
  ports.log('warn', 'texts-lost');
};
