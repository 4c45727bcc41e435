/** Questions: messages by seq and id, receipts by id. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import { message, receipts } from '../stage.ts';

export const FETCHING = checksOf('core', 'Fetching', {
  'fetch.range': [
    'messages by seq, the newest first, at most limit; ranges may reach beyond the existing messages',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      await ann.submit(Array.from({ length: 6 }, () => message(ann.with(bob))));
      const want = (seqs: number[][], limit: number): object => ({ conversationId: ann.with(bob), seqs, limit });
      like(
        (await ann.fetch([want([[1, 99]], 2)])).map(({ seq }) => seq),
        [6, 5],
        'the newest two',
      );
      like(
        (
          await ann.fetch([
            want(
              [
                [1, 2],
                [5, 5],
              ],
              9,
            ),
          ])
        ).map(({ seq }) => seq),
        [5, 2, 1],
        'the messages of two ranges',
      );
      like(await ann.fetch([want([[50, 99]], 9)]), [], 'the messages beyond the newest');
    },
  ],
  'fetch.id': [
    'a want with messageId adds this message of the conversation',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const entry = message(ann.with(bob));
      await ann.submit([entry, message(ann.with(bob))]);
      const want = { conversationId: ann.with(bob), seqs: [], limit: 1 };
      like(await ann.fetch([{ ...want, messageId: entry.id }]), [{ id: entry.id, seq: 1 }], 'the message');
      like(await ann.fetch([{ ...want, messageId: 'no-such-message' }]), [], 'the answer for an unknown id');
    },
  ],
  'fetch.strangers': [
    'a conversation that does not exist for the user yields no messages',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.person(), await stage.connect()];
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      for (const conversationId of [`direct:${ann.userId}`, `direct:${bob.userId}`, 'group:no-such-group'])
        like(
          await carol.fetch([{ conversationId, seqs: [[1, 9]], messageId: entry.id, limit: 9 }]),
          [],
          `the messages of ${conversationId} for a third user`,
        );
    },
  ],
  'fetch.several': [
    'one fetch may want several conversations',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.person(), await stage.person()];
      await ann.submit([message(ann.with(bob)), message(ann.with(carol))]);
      const found = await ann.fetch([bob, carol].map((peer) => ({ conversationId: ann.with(peer), seqs: [[1, 1]], limit: 1 })));
      demand(found.length === 2, 'a message of each conversation', found);
    },
  ],
  'fetch.limits': [
    'a fetch has 1 to 200 wants of up to 64 ranges, and a want names ranges or a message: else protocol/bad-frame',
    async (stage) => {
      const { wire } = await stage.connect();
      const want = { conversationId: 'direct:x', seqs: [[1, 1]], limit: 1 };
      const ranges = (count: number): number[][] => Array.from({ length: count }, (_, i) => [i * 2 + 1, i * 2 + 1]);
      const bad = [
        [],
        Array.from({ length: 201 }, () => want),
        [{ ...want, seqs: ranges(65) }],
        [{ ...want, seqs: [] }],
        [
          {
            ...want,
            seqs: [
              [2, 3],
              [1, 1],
            ],
          },
        ],
      ];
      for (const [i, wants] of bad.entries()) {
        wire.send({ type: 'fetch', id: i + 1, wants });
        await wire.error('protocol/bad-frame', i + 1);
      }
      wire.send({ type: 'fetch', id: 9, wants: Array.from({ length: 200 }, () => want) });
      await wire.next('messages', 'messages for 200 wants');
    },
  ],
  'fetch.times': [
    'fetched own messages carry the times of the peer’s receipts, and the peer’s messages none',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.confirm(message(ann.with(bob)));
      await bob.confirm(receipts(bob.with(ann), { delivered: [[1, 1]], read: [[1, 1]] }));
      await ann.sees('the steps', (copy) => copy.steps.length >= 2);
      const [found] = await ann.fetch([{ conversationId: ann.with(bob), seqs: [[1, 1]], limit: 1 }]);
      const [delivered, read] = (['delivered', 'read'] as const).map((kind) => ann.copy.steps.find((step) => step.kind === kind)?.at);
      like(found?.times, { delivered, read }, 'the times of the steps; times');
      const [other] = await bob.fetch([{ conversationId: bob.with(ann), seqs: [[1, 1]], limit: 1 }]);
      demand(other !== undefined && other.times === undefined, 'no times for the reader', other);
    },
  ],
  'fetch.receipts': [
    'fetch-receipts answers in the order of the ids: location and times for the sender, zeros for the rest',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      await bob.confirm(receipts(bob.with(ann), { named: [[1, 1]] }));
      const found = await ann.fetchReceipts(['no-such-message', entry.id]);
      like(
        found.map(({ messageId }) => messageId),
        ['no-such-message', entry.id],
        'the ids',
      );
      like(found[1], { readCount: 0, memberCount: 0, expired: false, location: { conversationId: ann.with(bob), seq: 1 } }, 'the receipt');
      demand(found[1]?.times?.named !== undefined, 'the time of the receipt', found[1]);
    },
  ],
  'fetch.hidden': [
    'a user who may not see the receipts of a message gets the same bytes as for a message that does not exist (I-10)',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.connect(), await stage.connect()];
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      for (const device of [bob, carol]) {
        const [hidden, unknown] = await device.fetchReceipts([entry.id, 'no-such-message']);
        const bytes = (one: object | undefined): string => JSON.stringify({ ...one, messageId: '' });
        demand(bytes(hidden) === bytes(unknown), `${JSON.stringify(unknown)} but for the id`, hidden);
      }
    },
  ],
  'fetch.receipt-ids': [
    'more ids than limits.receiptIds are answered by protocol/bad-frame',
    async (stage) => {
      const { wire, welcome } = await stage.connect();
      const { receiptIds } = welcome!.limits;
      const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}`);
      wire.send({ type: 'fetch-receipts', id: 1, messageIds: ids(receiptIds + 1) });
      await wire.error('protocol/bad-frame', 1);
      wire.send({ type: 'fetch-receipts', id: 2, messageIds: ids(receiptIds) });
      like(await wire.next('receipts'), { id: 2 }, 'the answer');
    },
  ],
});
