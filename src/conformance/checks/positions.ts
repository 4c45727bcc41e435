/** The private read position, and the unread count that follows from the row. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import type { Device } from '../device.ts';
import { message, receipts, type Stage } from '../stage.ts';

/** Two devices, and this many messages from the first user to the second. */
const withMessages = async (stage: Stage, count: number): Promise<[ann: Device, bob: Device]> => {
  const [ann, bob] = await stage.pair();
  await ann.submit(Array.from({ length: count }, (_, i) => message(ann.with(bob), { body: String(i + 1) })));
  await bob.sees('the messages', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === count);
  return [ann, bob];
};

export const POSITIONS = checksOf('core', 'Submitting', {
  'position.moves': [
    'a position moves readUpTo; the unread count is what is above it',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 3);
      demand(bob.copy.unread(bob.with(ann)) === 3, 'an unread count of 3', bob.copy.row(bob.with(ann)));
      const { row } = await bob.confirm(receipts(bob.with(ann), { position: 2 }));
      like(row, { readUpTo: 2, readBy: { deviceId: 'd1' } }, 'the row');
      await bob.sees('the position', (copy) => copy.rows.get(bob.with(ann))?.readUpTo === 2);
      demand(bob.copy.unread(bob.with(ann)) === 1, 'an unread count of 1', bob.copy.row(bob.with(ann)));
    },
  ],
  'position.never-back': [
    'positions merge by maximum: a lower one changes nothing and raises no version (I-4)',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 3);
      const { row } = await bob.confirm(receipts(bob.with(ann), { position: 3 }));
      const later = await bob.confirm(receipts(bob.with(ann), { position: 1 }));
      like(later.row, { readUpTo: 3, version: row?.version }, 'the row after a lower position');
    },
  ],
  'position.repeat': [
    'a position sent again raises no version (I-2)',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 2);
      const entry = receipts(bob.with(ann), { position: 2 });
      const { row } = await bob.confirm(entry);
      like((await bob.confirm(entry)).row, { version: row?.version, readUpTo: 2, readBy: row?.readBy }, 'the row after the repetition');
    },
  ],
  'position.clamped': [
    'a position beyond the newest message ends at the newest message (I-5)',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 2);
      like((await bob.confirm(receipts(bob.with(ann), { position: 99 }))).row, { readUpTo: 2 }, 'the row');
      await ann.confirm(message(ann.with(bob)));
      await bob.sees('the third message', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === 3);
      demand(bob.copy.unread(bob.with(ann)) === 1, 'the later message unread', bob.copy.row(bob.with(ann)));
    },
  ],
  'position.private': [
    'a position reaches no other user (I-6)',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 2);
      await ann.sees('the messages', (copy) => copy.rows.get(ann.with(bob))?.latestSeq === 2);
      const { version } = ann.copy.row(ann.with(bob));
      await bob.confirm(receipts(bob.with(ann), { position: 2 }));
      await ann.quiet();
      const untouched = { version, readUpTo: 0, readBy: null, theirs: { read: [], delivered: [], named: [] } };
      like(ann.copy.row(ann.with(bob)), untouched, 'the peer’s row');
      like(ann.copy.steps, [], 'the peer’s steps');
      await ann.pull(null);
      like(ann.copy.row(ann.with(bob)), untouched, 'the peer’s row in a snapshot');
    },
  ],
  'position.devices': [
    'a position reaches the user’s other devices, with the device and the time',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 2);
      const second = await stage.device(bob.person, 'd2');
      await bob.confirm(receipts(bob.with(ann), { position: 2 }));
      await second.sees('the position', (copy) => copy.rows.get(bob.with(ann))?.readUpTo === 2);
      like(second.copy.row(bob.with(ann)).readBy, { deviceId: 'd1' }, 'readBy');
      demand(second.copy.unread(bob.with(ann)) === 0, 'an unread count of 0', second.copy.row(bob.with(ann)));
    },
  ],
  'position.no-conversation': [
    'receipts for a conversation that does not exist are rejected/no-such-conversation',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      await ann.refuse(receipts(ann.with(bob), { position: 1 }), 'rejected/no-such-conversation', 'a position in no conversation');
      await ann.refuse(receipts('group:no-such-group', { position: 1 }), 'rejected/no-such-conversation', 'a position in no group');
    },
  ],
  'unread.own': [
    'own messages, messages that do not count and recalled ones are in uncounted',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.submit([message(ann.with(bob)), message(ann.with(bob), { countable: false })]);
      await bob.sees('the messages', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === 2);
      await bob.confirm(message(bob.with(ann)));
      await bob.sees('the answer', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === 3);
      like(bob.copy.row(bob.with(ann)).uncounted, [[2, 3]], 'uncounted of the reader');
      demand(bob.copy.unread(bob.with(ann)) === 1, 'an unread count of 1', bob.copy.row(bob.with(ann)));
      await ann.sees('the answer', (copy) => copy.rows.get(ann.with(bob))?.latestSeq === 3);
      demand(ann.copy.unread(ann.with(bob)) === 1, 'an unread count of 1 for the sender', ann.copy.row(ann.with(bob)));
    },
  ],
  'unread.snapshot': [
    'the count of a snapshot is the count of the live feed',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 5);
      await bob.confirm(receipts(bob.with(ann), { position: 2 }));
      await bob.confirm(message(bob.with(ann)));
      await bob.sees('the answer', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === 6);
      const fresh = await stage.connect(bob.person, 'd3');
      await fresh.pullFor(null, 'the newest row', ({ rows }) => rows.get(bob.with(ann))?.latestSeq === 6);
      const [live, snapshot] = [bob.copy.unread(bob.with(ann)), fresh.copy.unread(bob.with(ann))];
      demand(live === 3 && snapshot === 3, 'an unread count of 3 in both', { live, snapshot });
    },
  ],
});
