/** State that a user shares with the own devices alone: mute, marks, archive, messages cleared one by one, mentions, settings. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import type { Device } from '../device.ts';
import { message, receipts, type Stage } from '../stage.ts';

const withMessages = async (stage: Stage, count: number): Promise<[ann: Device, bob: Device]> => {
  const [ann, bob] = await stage.pair();
  await ann.submit(Array.from({ length: count }, () => message(ann.with(bob))));
  await bob.sees('the messages', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === count);
  return [ann, bob];
};

export const FLAGS = checksOf('full', 'Submitting', {
  'flags.mute': [
    'a flag takes the value of the highest count; false wins a tie',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 1);
      const mute = async (count: number, value: boolean) =>
        (await bob.confirm(receipts(bob.with(ann), { muted: { count, value } }))).row?.muted;
      like(await mute(2, true), { count: 2, value: true }, 'muted after count 2');
      like(await mute(1, false), { count: 2, value: true }, 'muted after an older count');
      like(await mute(2, false), { count: 2, value: false }, 'muted after a tie');
      like(await mute(2, true), { count: 2, value: false }, 'muted after another tie');
    },
  ],
  'flags.private': [
    'flags reach the user’s other devices, and no other user (I-6)',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 1);
      const second = await stage.device(bob.person, 'd2');
      await bob.confirm(receipts(bob.with(ann), { muted: { count: 1, value: true }, archived: { count: 1, value: true, at: 1 } }));
      await second.sees('the mute', ({ rows }) => rows.get(bob.with(ann))?.muted.value === true);
      await ann.pull(null);
      like(ann.copy.row(ann.with(bob)), { muted: { value: false }, archived: { value: false } }, 'the peer’s row');
    },
  ],
  'flags.before-conversation': [
    'a flag of a conversation without messages is stored: a row with latestSeq 0, for the own devices alone',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const { row } = await bob.confirm(receipts(bob.with(ann), { muted: { count: 1, value: true } }));
      like(row, { latestSeq: 0, muted: { value: true } }, 'the row');
      await ann.quiet();
      demand(ann.copy.rows.size === 0, 'no row for the peer', [...ann.copy.rows.values()]);
      await ann.confirm(message(ann.with(bob)));
      await bob.sees('the message, muted', ({ rows }) => rows.get(bob.with(ann))?.latestSeq === 1);
      like(bob.copy.row(bob.with(ann)), { muted: { value: true } }, 'the row with the first message');
    },
  ],
  'flags.mark': [
    'a mark from a message on counts the messages from there, and the position stays',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 4);
      await bob.confirm(receipts(bob.with(ann), { position: 4 }));
      const { row } = await bob.confirm(receipts(bob.with(ann), { marked: { count: 1, value: true, at: 4, from: 3 } }));
      like(row, { readUpTo: 4, marked: { count: 1, value: true, at: 4, from: 3 } }, 'the row');
      await bob.sees('the mark', ({ rows }) => rows.get(bob.with(ann))?.marked.value === true);
      demand(bob.copy.unread(bob.with(ann)) === 2, 'an unread count of 2', bob.copy.row(bob.with(ann)));
    },
  ],
  'flags.archive': [
    'reopenedBy is the first later message that counts, also if it is recalled',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 1);
      const { row } = await bob.confirm(receipts(bob.with(ann), { archived: { count: 1, value: true, at: 1 } }));
      like(row, { archived: { count: 1, value: true, at: 1 }, reopenedBy: 0 }, 'the row');
      await ann.submit([message(ann.with(bob), { countable: false }), message(ann.with(bob))]);
      await bob.sees('reopenedBy 3', ({ rows }) => rows.get(bob.with(ann))?.reopenedBy === 3);
    },
  ],
  'flags.cleared': [
    'messages cleared one by one do not count, merge by union, and reach no peer; the position ends them',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 4);
      await bob.confirm(receipts(bob.with(ann), { cleared: [[2, 2]] }));
      const { row } = await bob.confirm(receipts(bob.with(ann), { cleared: [[3, 9]] }));
      like(row, { cleared: [[2, 4]], readUpTo: 0 }, 'the row');
      await bob.sees('the clear', ({ rows }) => JSON.stringify(rows.get(bob.with(ann))?.cleared) === '[[2,4]]');
      demand(bob.copy.unread(bob.with(ann)) === 1, 'an unread count of 1', bob.copy.row(bob.with(ann)));
      await ann.pull(null);
      like(ann.copy.row(ann.with(bob)), { cleared: [] }, 'the peer’s row');
      like((await bob.confirm(receipts(bob.with(ann), { position: 4 }))).row, { cleared: [], readUpTo: 4 }, 'the row after the position');
    },
  ],
  'flags.mentions': [
    'a mention is told to the mentioned reader alone, and counts above the position',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.submit([
        message(ann.with(bob), { mentions: [bob.userId] }),
        message(ann.with(bob), { mentions: [ann.userId] }),
        message(ann.with(bob), { mentions: 'all' }),
      ]);
      await bob.sees('the messages', ({ rows }) => rows.get(bob.with(ann))?.latestSeq === 3);
      like(
        bob.copy.row(bob.with(ann)),
        {
          mentions: [
            [1, 1],
            [3, 3],
          ],
        },
        'the row',
      );
      like(
        bob.copy.messages(bob.with(ann)).map(({ mentionsMe }) => mentionsMe),
        [true, undefined, true],
        'mentionsMe',
      );
      await ann.sees('the messages', ({ rows }) => rows.get(ann.with(bob))?.latestSeq === 3);
      like(ann.copy.row(ann.with(bob)), { mentions: [] }, 'the sender’s row');
      await bob.confirm(receipts(bob.with(ann), { position: 2 }));
      await bob.sees('the position', ({ rows }) => rows.get(bob.with(ann))?.readUpTo === 2);
      demand(bob.copy.mentions(bob.with(ann)) === 1, 'a mention count of 1', bob.copy.row(bob.with(ann)));
    },
  ],
});

const off = (count: number) => ({ count, value: false });

export const SETTINGS = checksOf('full', 'Receipt settings', {
  'settings.account': [
    'the settings of the account merge like flags, and reach all devices of the user',
    async (stage) => {
      const bob = await stage.device();
      const second = await stage.device(bob.person, 'd2');
      const entry = { kind: 'settings', key: 'k1', readReceipts: off(1) };
      const { row, account } = await bob.confirm(entry);
      like({ row, account }, { row: null, account: { readReceipts: off(1), deliveryReceipts: { count: 0, value: true } } }, 'the result');
      await second.sees('the setting', (copy) => copy.account?.readReceipts.value === false);
      const again = await bob.confirm(entry);
      like(again.account, { version: account?.version }, 'the account after a repetition');
      await second.pullFor(null, 'the setting', (copy) => copy.account !== undefined);
      like(second.copy.account, { readReceipts: off(1) }, 'the account in a snapshot');
    },
  ],
  'settings.withheld': [
    'read receipts of a device that missed the switch have no effect, and the result says withheld; its position holds',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 2);
      const second = await stage.connect(bob.person, 'd2');
      await second.confirm({ kind: 'settings', key: 'k1', readReceipts: off(1) });
      const { withheld, row } = await bob.confirm(
        receipts(bob.with(ann), {
          cursor: bob.cursor,
          read: [[1, 2]],
          delivered: [[1, 2]],
          position: 2,
          settingsSeen: { deliveryReceipts: 0, readReceipts: 0 },
        }),
      );
      like({ withheld, readUpTo: row?.readUpTo, untold: row?.untold }, { withheld: true, readUpTo: 2, untold: [[1, 2]] }, 'the result');
      await ann.sees('the delivery', ({ rows }) => (rows.get(ann.with(bob))?.theirs.delivered.length ?? 0) > 0);
      like(ann.copy.row(ann.with(bob)), { theirs: { read: [], delivered: [[1, 2]], named: [] } }, 'the peer’s row');
    },
  ],
  'settings.untold': [
    'no receipt names a message in untold, whichever device sends it',
    async (stage) => {
      const [ann, bob] = await withMessages(stage, 3);
      const { row } = await bob.confirm(receipts(bob.with(ann), { untold: [[1, 2]], position: 2 }));
      like(row, { untold: [[1, 2]] }, 'the row');
      const second = await stage.connect(bob.person, 'd2');
      like(await second.confirm(receipts(bob.with(ann), { read: [[1, 3]], named: [[1, 3]] })), { withheld: true }, 'the result');
      await ann.sees('the rest', ({ rows }) => (rows.get(ann.with(bob))?.theirs.read.length ?? 0) > 0);
      like(ann.copy.row(ann.with(bob)).theirs, { read: [[3, 3]], named: [[3, 3]] }, 'the peer’s row');
    },
  ],
});
