import { expect, it } from 'vitest';
import { applyRecord, refillUnflushed } from '../../../src/engine/state/apply-change.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { nothingDirty } from '../../../src/engine/state/dirty.ts';
import { hasLostTexts } from '../../../src/engine/write/repair-texts.ts';
import type { LogRecord } from '../../../src/log/log-record.ts';
import { LOST_TEXT } from '../../../src/model/message/lost-text.ts';

const received = (version: number, seq: number, body: string): LogRecord => ({
  version,
  changes: [
    {
      t: 'messages',
      conversationId: 'direct:ben',
      messages: [{ id: `m${seq}`, seq, senderId: 'ben', sentAt: seq, body, receiptRequested: false, countable: true, recalled: false }],
    },
  ],
});
const older = received(1, 1, LOST_TEXT);
const newest = received(2, 2, '"written in the clear"');
const repaired: LogRecord = { version: 3, changes: [{ t: 'texts-lost' }] };

it('a lost text of an older message is noticed, although the newest message is in the clear (F139)', () => {
  const model = new AccountState('ann');
  for (const record of [older, newest]) applyRecord(model, record, nothingDirty());
  expect(hasLostTexts(model)).toBe(true);
  applyRecord(model, repaired, nothingDirty());
  expect(hasLostTexts(model)).toBe(false);
});

it('records from before a snapshot bring no lost text back that was repaired before the snapshot (F139)', () => {
  const model = new AccountState('ann');
  for (const record of [older, newest, repaired]) refillUnflushed(model, record);
  expect(hasLostTexts(model)).toBe(false);
});
