/** Messages: order, retries, the shape of entries, what is refused. */
import { checksOf } from '../check.ts';
import { demand, like, matches, Mismatch } from '../demand.ts';
import { message, receipts, recall } from '../stage.ts';

export const MESSAGES = checksOf('core', 'Submitting', {
  'submit.first': [
    'the first message creates a direct conversation: seq 1, with the row of its sender',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const answer = await ann.submit([message(ann.with(bob))]);
      like(answer.results, [{ outcome: 'confirmed', message: { seq: 1 } }], 'the results');
      const [result] = answer.results;
      const row = result?.outcome === 'confirmed' ? result.row : undefined;
      like(
        row,
        { conversationId: ann.with(bob), latestSeq: 1, firstSeq: 1, uncounted: [[1, 1]], lastMessage: { seq: 1, body: '"hello"' } },
        'the row',
      );
      demand(answer.at !== undefined, 'at, a cursor behind the confirmed entry', answer);
    },
  ],
  'submit.order': [
    'the entries of a frame are applied in order, and answered in order',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { results } = await ann.submit([1, 2, 3].map((n) => message(ann.with(bob), { body: String(n) })));
      like(
        results.map((one) => (one.outcome === 'confirmed' ? one.message?.seq : one)),
        [1, 2, 3],
        'the seqs',
      );
      const messages = await ann.fetch([{ conversationId: ann.with(bob), seqs: [[1, 9]], limit: 9 }]);
      like(messages.map(({ body }) => body).sort(), ['1', '2', '3'], 'the stored bodies');
      demand(
        messages.every(({ seq, body }) => body === String(seq)),
        'each message under the seq of its answer',
        messages,
      );
    },
  ],
  'submit.position': [
    'sending a message does not move the read position of its sender',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { row } = await ann.confirm(message(ann.with(bob)));
      like(row, { readUpTo: 0, readBy: null }, 'the row');
    },
  ],
  'submit.both-names': [
    'each user calls a direct conversation by the other user',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.confirm(message(ann.with(bob)));
      await bob.sees(`a row of ${bob.with(ann)}`, (copy) => copy.rows.has(bob.with(ann)));
      const { row, message: sent } = await bob.confirm(message(bob.with(ann)));
      like(row, { conversationId: bob.with(ann), latestSeq: 2 }, 'the row of the answer');
      like(sent, { seq: 2 }, 'the answer');
    },
  ],
  'submit.retry': [
    'a message sent again is confirmed with the seq and time that it has, and is stored once (I-2)',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const entry = message(ann.with(bob));
      const first = await ann.confirm(entry);
      await ann.quiet();
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      const again = await (await stage.connect(ann.person, 'd2')).confirm(entry);
      demand(matches(again.message, first.message), `the same seq and sentAt, ${JSON.stringify(first.message)}`, again.message);
      like(again.row, { version: first.row?.version, latestSeq: 1 }, 'the row: a repetition raises no version; the row');
      const news = await bob.quiet();
      demand(
        news.every(({ rows, messages }) => rows.length + messages.length === 0),
        'no changes for the peer',
        news,
      );
    },
  ],
  'submit.lost-answer': [
    'an entry whose answer was lost, and that is sent again, is in effect once',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.device()];
      const entry = message(ann.with(bob));
      ann.wire.send({ type: 'submit', id: 1, entries: [entry] });
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      ann.close();
      const back = await stage.connect(ann.person);
      like((await back.confirm(entry)).message, { seq: 1 }, 'the answer to the retry');
      like((await back.confirm(message(ann.with(bob)))).message, { seq: 2 }, 'the answer to the next message');
    },
  ],
  'submit.twice-in-frame': [
    'one message twice in one frame has one seq',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const entry = message(ann.with(bob));
      const { results } = await ann.submit([entry, { ...entry, key: 'again' }]);
      like(
        results,
        [
          { outcome: 'confirmed', message: { seq: 1 } },
          { outcome: 'confirmed', message: { seq: 1 } },
        ],
        'the results',
      );
    },
  ],
  'submit.race': [
    'one message on two connections at once has one seq',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const second = await stage.connect(ann.person, 'd2');
      for (let i = 1; i <= 5; i++) {
        const entry = message(ann.with(bob));
        const both = await Promise.all([ann, second].map(async (device) => (await device.confirm(entry)).message));
        like(both, [{ seq: i }, { seq: i }], 'the two answers');
      }
    },
  ],
  'submit.id-conflict': [
    'another message under a used id is rejected/id-conflict: other content, conversation or sender',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.connect(), await stage.person()];
      const { id } = message('');
      await ann.confirm(message(ann.with(bob), { id }));
      await ann.refuse(message(ann.with(bob), { id, body: '"other"' }), 'rejected/id-conflict', 'another body under the same id');
      await ann.refuse(message(ann.with(bob), { id, countable: false }), 'rejected/id-conflict', 'another "countable" under the same id');
      await ann.refuse(message(ann.with(carol), { id }), 'rejected/id-conflict', 'the same id in another conversation');
      await bob.refuse(message(bob.with(ann), { id }), 'rejected/id-conflict', 'the same id by another sender');
    },
  ],
  'submit.self': [
    'a direct conversation with oneself is rejected/unsupported',
    async (stage) => {
      const ann = await stage.connect();
      await ann.refuse(message(ann.with(ann)), 'rejected/unsupported', 'a message to oneself');
    },
  ],
  'submit.alone': [
    'an entry that is malformed is rejected/unsupported under its key, and the others apply',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const bad = { ...message(ann.with(bob)), body: 7 };
      const { results } = await ann.submit([message(ann.with(bob)), bad, { kind: 'telepathy', key: 'k3' }, message(ann.with(bob))]);
      const wanted = [1, 'rejected/unsupported', 'rejected/unsupported', 2];
      like(
        results.map((one) => (one.outcome === 'confirmed' ? one.message?.seq : one.outcome === 'rejected' ? one.code : one)),
        wanted,
        'seqs and codes',
      );
    },
  ],
  'submit.identity': [
    'an entry that names a sender, a reader or a time is rejected/unsupported (I-24)',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      for (const extra of [{ senderId: bob.userId }, { sentAt: 1 }, { readBy: bob.userId }])
        await ann.refuse(message(ann.with(bob), extra), 'rejected/unsupported', `a message with ${Object.keys(extra).join()}`);
      await ann.confirm(message(ann.with(bob)));
      await ann.refuse(receipts(ann.with(bob), { position: 1, userId: bob.userId }), 'rejected/unsupported', 'receipts that name a user');
    },
  ],
  'submit.no-key': [
    'an entry without a key makes the server refuse the frame, and no entry applies',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const keyless: Record<string, unknown> = { ...message(ann.with(bob)) };
      delete keyless['key'];
      ann.wire.send({ type: 'submit', id: 4, entries: [message(ann.with(bob)), keyless] });
      await ann.wire.error('protocol/bad-frame', 4);
      like((await ann.confirm(message(ann.with(bob)))).message, { seq: 1 }, 'the answer to the next message');
    },
  ],
  'submit.too-many': [
    'more entries than limits.entries make the server refuse the frame, and as many are accepted',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { entries: most, frameBytes } = ann.welcome!.limits;
      const small = Array.from({ length: most + 1 }, (_, i) => ({
        kind: 'recall',
        key: `k${i}`,
        conversationId: ann.with(bob),
        cursor: null,
        id: `x${i}`,
      }));
      if (JSON.stringify(small).length > frameBytes - 100) return; // such a frame cannot be sent
      ann.wire.send({ type: 'submit', id: 4, entries: small });
      await ann.wire.error('protocol/bad-frame', 4);
      await ann.submit(small.slice(1));
    },
  ],
  'submit.body-limit': [
    'a body of 16 KiB of UTF-8 is accepted, and a longer one is rejected/too-large',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      await ann.confirm(message(ann.with(bob), { body: 'é'.repeat(8192) }), 'a body of 16 KiB');
      await ann.refuse(message(ann.with(bob), { body: `${'é'.repeat(8192)}x` }), 'rejected/too-large', 'a body of 16 KiB and a byte');
    },
  ],
  'submit.body-text': [
    'bodies come back code point by code point, with a leading U+FEFF, and need not be JSON; NUL and lone surrogates are refused',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const bodies = ['\uFEFFmark', 'cafe\u0301', 'café', '', ' {not json', '👩‍👩‍👧', '\u202Eabc'];
      const { results } = await ann.submit(bodies.map((body) => message(ann.with(bob), { body })));
      demand(
        results.every(({ outcome }) => outcome === 'confirmed'),
        'all bodies confirmed',
        results,
      );
      const found = await ann.fetch([{ conversationId: ann.with(bob), seqs: [[1, 9]], limit: 9 }]);
      const saw = found.sort((a, b) => a.seq - b.seq).map(({ body }) => body);
      like(saw, bodies, 'the stored bodies');
      for (const body of ['a\u0000b', 'a\uD800b'])
        await ann.refuse(message(ann.with(bob), { body }), 'rejected/unsupported', `the body ${JSON.stringify(body)}`);
    },
  ],
  'submit.recall': [
    'a recall empties the message everywhere, it counts for no reader, and a repeated recall is confirmed',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      demand(bob.copy.unread(bob.with(ann)) === 1, 'an unread count of 1', bob.copy.row(bob.with(ann)));
      const taken = recall(ann.with(bob), entry.id);
      await ann.confirm(taken);
      await bob.sees('the recalled message', (copy) => copy.messages(bob.with(ann))[0]?.recalled === true);
      like(bob.copy.messages(bob.with(ann)), [{ id: entry.id, body: '', recalled: true }], 'the message');
      demand(bob.copy.unread(bob.with(ann)) === 0, 'an unread count of 0', bob.copy.row(bob.with(ann)));
      await ann.confirm(taken, 'the repeated recall');
      like((await ann.confirm(entry)).message, { seq: 1, recalled: true }, 'the answer to the message sent once more');
    },
  ],
  'submit.recall-refused': [
    'only the sender recalls: else rejected/permission-denied; a message that is not there is rejected/unknown-message',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.connect()];
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      await bob.refuse(recall(bob.with(ann), entry.id), 'rejected/permission-denied', 'a recall of the peer’s message');
      await ann.refuse(recall(ann.with(bob), 'no-such-message'), 'rejected/unknown-message', 'a recall of no message');
    },
  ],
  'submit.confirmed-at': [
    'a submit with the at of the last answer is applied, and its answer has a newer at',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { at } = await ann.submit([message(ann.with(bob))]);
      const answer = await ann.submit([message(ann.with(bob))], { confirmedAt: at });
      like(answer.results, [{ outcome: 'confirmed', message: { seq: 2 } }], 'the results');
      if (answer.at === undefined) throw new Mismatch('an answer with at', 'none');
    },
  ],
});
