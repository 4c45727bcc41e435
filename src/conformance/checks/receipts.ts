/** Public receipts in direct conversations: delivered, read, named. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import type { Device } from '../device.ts';
import { message, receipts, recall, type Stage } from '../stage.ts';

interface Scene {
  readonly ann: Device;
  readonly bob: Device;
  /** Ids of ann's messages; the third does not ask for receipts. */
  readonly ids: readonly string[];
}

/** Four messages of ann, and a fifth of bob. */
const scene = async (stage: Stage): Promise<Scene> => {
  const [ann, bob] = await stage.pair();
  const entries = [true, true, false, true].map((receiptRequested) => message(ann.with(bob), { receiptRequested }));
  await ann.submit(entries);
  await bob.confirm(message(bob.with(ann)));
  await ann.sees('the messages', (copy) => copy.rows.get(ann.with(bob))?.latestSeq === 5);
  await bob.sees('the messages', (copy) => copy.rows.get(bob.with(ann))?.latestSeq === 5);
  return { ann, bob, ids: entries.map(({ id }) => id) };
};

const theirs = (ann: Device, bob: Device) => ann.copy.row(ann.with(bob)).theirs;

/** Waits until the sender's row shows these receipts of the peer. */
const told = async (
  ann: Device,
  bob: Device,
  kind: 'read' | 'delivered' | 'named',
  ranges: readonly (readonly number[])[],
): Promise<void> => {
  await ann.sees(
    `theirs.${kind} ${JSON.stringify(ranges)}`,
    (copy) => JSON.stringify(copy.rows.get(ann.with(bob))?.theirs[kind]) === JSON.stringify(ranges),
  );
};

/** The messages that steps of this kind cover: a server may cut a step into several. */
const stepsOf = (device: Device, kind?: 'read' | 'delivered' | 'named'): number[] =>
  device.copy.steps
    .filter((step) => kind === undefined || step.kind === kind)
    .flatMap(({ range }) => Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i))
    .sort((a, b) => a - b);

export const RECEIPTS = checksOf('core', 'Submitting', {
  'receipts.read': [
    'a conversation read receipt is told to the peer, with a step, and moves no position',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      const { row } = await bob.confirm(receipts(bob.with(ann), { read: [[1, 2]] }));
      like(row, { mine: { read: [[1, 2]] }, readUpTo: 0 }, 'the reader’s row');
      await told(ann, bob, 'read', [[1, 2]]);
      await ann.sees('a step', (copy) => copy.steps.length > 0);
      like(stepsOf(ann, 'read'), [1, 2], 'the messages with steps of "read"');
      demand(
        ann.copy.steps.every(({ by, conversationId }) => by === bob.userId && conversationId === ann.with(bob)),
        'steps by the reader',
        ann.copy.steps,
      );
    },
  ],
  'receipts.delivered': [
    'delivery receipts are told to the peer',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      await bob.confirm(receipts(bob.with(ann), { delivered: [[1, 4]] }));
      await told(ann, bob, 'delivered', [[1, 4]]);
      like(theirs(ann, bob), { read: [], named: [] }, 'the other receipts');
    },
  ],
  'receipts.named': [
    'message read receipts have an effect for messages of others that ask for receipts, and are ignored for the rest',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      await bob.confirm(
        receipts(bob.with(ann), {
          named: [
            [1, 1],
            [3, 3],
          ],
        }),
      );
      await told(ann, bob, 'named', [[1, 1]]);
      await bob.confirm(receipts(bob.with(ann), { named: [[4, 5]] }));
      await ann.sees('the second receipt', (copy) => copy.steps.some(({ range }) => range[1] >= 4));
      like(
        stepsOf(ann, 'named').filter((seq) => seq !== 5),
        [1, 4],
        'the messages with steps',
      );
    },
  ],
  'receipts.named-ids': [
    'receipts by id: an id of no message of the conversation is in refused, an own message is ignored',
    async (stage) => {
      const { ann, bob, ids } = await scene(stage);
      const own = message(bob.with(ann));
      await bob.confirm(own);
      const result = await bob.confirm(receipts(bob.with(ann), { namedIds: [ids[1], 'no-such-message', own.id] }));
      like(result.refused, [{ id: 'no-such-message', code: 'rejected/unknown-message' }], 'refused');
      await told(ann, bob, 'named', [[2, 2]]);
    },
  ],
  'receipts.union': [
    'receipts merge by union, in any order; the time of the first cover stays',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      for (const read of [[[4, 4]], [[1, 2]], [[2, 4]], [[1, 1]]]) await bob.confirm(receipts(bob.with(ann), { read }));
      await told(ann, bob, 'read', [[1, 4]]);
      like(stepsOf(ann), [1, 2, 3, 4], 'each message in one step');
    },
  ],
  'receipts.once': [
    'a receipt sent again, on this or another connection, changes nothing: no version, no frame, no second step (I-2)',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      const entry = receipts(bob.with(ann), { read: [[1, 2]], delivered: [[1, 4]], named: [[1, 1]], position: 2 });
      const { row } = await bob.confirm(entry);
      await ann.sees('the receipts', (copy) =>
        (['read', 'delivered', 'named'] as const).every((kind) => copy.steps.some((step) => step.kind === kind)),
      );
      await ann.quiet();
      const steps = ann.copy.steps.length;
      const second = await stage.connect(bob.person, 'd2');
      for (const device of [bob, second, second])
        like((await device.confirm(entry)).row, { version: row?.version }, 'the row after a repetition');
      const news = await ann.quiet();
      demand(
        news.every((frame) => frame.rows.length + frame.steps.length === 0) && ann.copy.steps.length === steps,
        'no news for the peer',
        news,
      );
    },
  ],
  'receipts.clamped': [
    'receipts end at the newest message: no later message is read before it exists (I-5)',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      await bob.confirm(receipts(bob.with(ann), { read: [[1, 99]], delivered: [[1, 99]], named: [[1, 99]] }));
      await ann.confirm(message(ann.with(bob)));
      await ann.sees('the sixth message', (copy) => copy.rows.get(ann.with(bob))?.latestSeq === 6);
      const { read, delivered, named } = theirs(ann, bob);
      demand(
        [read, delivered, named].every((ranges) => (ranges.at(-1)?.[1] ?? 0) < 6),
        'ranges that end at 5',
        theirs(ann, bob),
      );
    },
  ],
  'receipts.own': [
    'a user’s own messages take no receipts from that user',
    async (stage) => {
      const { ann, bob, ids } = await scene(stage);
      await ann.confirm(receipts(ann.with(bob), { named: [[1, 4]], namedIds: [ids[0]] }));
      const [found] = await ann.fetchReceipts([ids[0]!]);
      demand(found?.times === undefined || Object.keys(found.times).length === 0, 'no times for the own message', found);
      await bob.quiet();
      like(bob.copy.steps, [], 'the steps of the peer');
    },
  ],
  'receipts.recalled': [
    'a receipt for a recalled message has no effect',
    async (stage) => {
      const { ann, bob, ids } = await scene(stage);
      await ann.confirm(recall(ann.with(bob), ids[0]!));
      await bob.confirm(receipts(bob.with(ann), { named: [[1, 2]] }));
      await ann.sees('the receipt', (copy) => copy.steps.length > 0);
      like(ann.copy.steps, [{ kind: 'named', range: [2, 2] }], 'the steps');
    },
  ],
  'receipts.mixed': [
    'one entry carries all registers, and each keeps to itself: named is no range, read names no message',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      const { row } = await bob.confirm(
        receipts(bob.with(ann), {
          position: 3,
          read: [[1, 1]],
          delivered: [[1, 4]],
          named: [
            [2, 2],
            [4, 4],
          ],
        }),
      );
      like(row, { readUpTo: 3, mine: { read: [[1, 1]], delivered: [[1, 4]] } }, 'the reader’s row');
      await told(ann, bob, 'read', [[1, 1]]);
      await told(ann, bob, 'named', [
        [2, 2],
        [4, 4],
      ]);
    },
  ],
  'receipts.devices': [
    'the reader’s other devices learn what was acknowledged',
    async (stage) => {
      const { ann, bob } = await scene(stage);
      const second = await stage.device(bob.person, 'd2');
      await bob.confirm(receipts(bob.with(ann), { named: [[1, 1]] }));
      await second.sees('mine.named', (copy) => JSON.stringify(copy.rows.get(bob.with(ann))?.mine.named) === '[[1,1]]');
    },
  ],
});
