/** The short holes between the stored messages of a direct chat, which the server's ranges of delivered messages hide. */
import { expect, it } from 'vitest';
import { UserAsks } from '../../../src/engine/net/user-asks.ts';
import { FetchMissing } from '../../../src/engine/sync/feed/fetch-missing.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import { range } from '../../../src/model/registers/ranges.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { madeMessage } from '../../support/made-message.ts';
import { quietPorts } from '../../support/quiet-ports.ts';
import { TestClock } from '../../support/test-clock.ts';

const BOB = 'direct:bob';

/** What a device fetches by itself that stores the messages around a hole, of a chat delivered and read as a whole. */
const fetchedAround = async (holeFrom: number, holeUpTo: number) => {
  const ports = { ...quietPorts(createMemoryStore()), clock: new TestClock() };
  const writer = await Writer.open(ports, 'alice');
  const upTo = holeUpTo + 1;
  const row = { ...emptyRow(BOB), version: 1, latestSeq: upTo, readUpTo: upTo, mine: { delivered: range(1, upTo), read: [], named: [] } };
  const messages = [holeFrom - 1, upTo].map((seq) => madeMessage(seq));
  await writer.write('rows', { durability: 'relaxed' }, (draft) =>
    draft.change({ t: 'row', row }, { t: 'messages', conversationId: BOB, messages }),
  );
  const sent: Frame<'fetch'>[] = [];
  new FetchMissing(ports, writer, new UserAsks(ports.clock), {
    send: (frame) => void sent.push(frame),
    nextId: () => 1,
    limits: () => DEFAULT_LIMITS,
    fence: () => 0,
    failed: () => undefined,
  }).start();
  return sent.flatMap(({ wants }) => wants);
};

// Seen with a backlog of a million messages: the newest 200 of a chat were fetched and confirmed first, one message of the user's other
// device was left below them, and the server's range of delivered messages ran across it.
it('a message of another device of the user between delivered messages is fetched (F143)', async () => {
  expect(await fetchedAround(2, 2)).toEqual([{ conversationId: BOB, seqs: [[2, 2]], limit: 1 }]);
});

it('a hole of 20 messages is fetched, and a longer one is not: another device of the user has received those messages', async () => {
  expect(await fetchedAround(2, 21)).toEqual([{ conversationId: BOB, seqs: [[2, 21]], limit: 20 }]);
  expect(await fetchedAround(2, 22)).toEqual([]);
});
