/** The change feed: snapshots, catch-up, live changes, cursors. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import { message, receipts, recall, rowIn } from '../stage.ts';

const NEVER = { count: 0, value: false };

export const FEED = checksOf('core', 'Change feed', {
  'feed.empty': [
    'the snapshot of a user without conversations is one empty frame from null, with complete and asOf',
    async (stage) => {
      const ann = await stage.connect();
      const frames = await ann.pull(null);
      like(frames, [{ from: null, rows: [], messages: [], steps: [], complete: true }], 'the frames');
      demand(frames[0]?.asOf !== undefined, 'asOf in the last frame', frames);
    },
  ],
  'feed.snapshot': [
    'a snapshot has a row of every conversation, and no messages, steps or receipts',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.connect(), await stage.connect()];
      await ann.confirm(message(ann.with(bob)));
      await bob.confirm(receipts(bob.with(ann), { read: [[1, 1]], position: 1 }));
      await carol.confirm(message(carol.with(ann)));
      const frames = await ann.pull(null);
      demand(
        frames.every((frame) => frame.messages.length + frame.steps.length + (frame.receipts?.length ?? 0) === 0),
        'rows alone',
        frames,
      );
      like([...ann.copy.rows.keys()].sort(), [ann.with(bob), ann.with(carol)].sort(), 'the conversations');
      like(ann.copy.row(ann.with(bob)), { latestSeq: 1, theirs: { read: [[1, 1]] } }, 'the row');
    },
  ],
  'feed.row': [
    'a row carries all registers of a conversation, for its reader',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.connect()];
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      await bob.pullFor(null, 'the conversation', ({ rows }) => rows.size === 1);
      const lastMessage = {
        id: entry.id,
        seq: 1,
        senderId: ann.userId,
        body: '"hello"',
        receiptRequested: true,
        countable: true,
        recalled: false,
      };
      const none = { delivered: [], read: [], named: [] };
      const registers = {
        readUpTo: 0,
        readBy: null,
        uncounted: [],
        cleared: [],
        counted: null,
        mentions: [],
        mentionsCounted: null,
        untold: [],
      };
      const flags = { muted: NEVER, marked: { ...NEVER, at: 0 }, archived: { ...NEVER, at: 0 }, left: NEVER };
      const row = { conversationId: bob.with(ann), latestSeq: 1, firstSeq: 1, joinedAt: 0, ...registers, ...flags };
      like(bob.copy.row(bob.with(ann)), { ...row, mine: none, theirs: none, present: [], lastMessage }, 'the row of a new conversation');
    },
  ],
  'feed.last-message': [
    'lastMessage has an empty body if the body is over 256 bytes',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const short = 'é'.repeat(128);
      like((await ann.confirm(message(ann.with(bob), { body: short }))).row, { lastMessage: { body: short } }, 'the row with 256 bytes');
      like((await ann.confirm(message(ann.with(bob), { body: `${short}x` }))).row, { lastMessage: { body: '' } }, 'the row with 257 bytes');
    },
  ],
  'feed.catch-up': [
    'a pull from a cursor brings what changed since: rows, new messages, steps',
    async (stage) => {
      const [ann, bob, carol] = [await stage.connect(), await stage.connect(), await stage.connect()];
      await carol.confirm(message(carol.with(ann)));
      await ann.confirm(message(ann.with(bob)));
      await ann.pullFor(null, 'both conversations', ({ rows }) => rows.size === 2);
      await ann.pullRest();
      const at = ann.cursor;
      ann.close();
      await bob.confirm(message(bob.with(ann), { body: '"while away"' }));
      await bob.confirm(receipts(bob.with(ann), { delivered: [[1, 1]] }));
      const back = await stage.connect(ann.person);
      const isThere = (copy: typeof back.copy): boolean => copy.messages(ann.with(bob)).length > 0 && copy.steps.length > 0;
      const frames = await back.pullFor(at, 'what changed since the cursor', isThere);
      like(
        frames.flatMap(({ rows }) => rows.map(({ conversationId }) => conversationId)),
        [ann.with(bob)],
        'the rows since the cursor',
      );
      // A device may get a fact again that it has.
      const news = back.copy.messages(ann.with(bob)).filter(({ seq }) => seq > 1);
      like(news, [{ seq: 2, senderId: bob.userId, body: '"while away"' }], 'the messages since the cursor');
      like(back.copy.steps, [{ conversationId: ann.with(bob), by: bob.userId, kind: 'delivered', range: [1, 1] }], 'the steps');
    },
  ],
  'feed.nothing': [
    'a pull at the newest cursor is answered by an empty frame with complete',
    async (stage) => {
      const ann = await stage.device();
      like(await ann.pull(), [{ rows: [], messages: [], steps: [], complete: true }], 'the frames');
    },
  ],
  'feed.again': [
    'a further pull starts again from its own cursor, and brings the same facts',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const at = bob.cursor;
      await ann.confirm(message(ann.with(bob)));
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      for (let i = 0; i < 2; i++) {
        const frames = await bob.pull(at);
        like(
          frames.flatMap(({ messages }) => messages.flatMap((of) => of.messages)),
          [{ seq: 1 }],
          'the messages from the older cursor',
        );
      }
    },
  ],
  'feed.live': [
    'after a pull, changes follow by themselves, to all devices of both users',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const ann2 = await stage.device(ann.person, 'd2');
      for (let i = 1; i <= 3; i++) {
        await ann.confirm(message(ann.with(bob)));
        for (const [device, id] of [
          [ann, ann.with(bob)],
          [ann2, ann.with(bob)],
          [bob, bob.with(ann)],
        ] as const)
          await device.sees(`message ${i}`, (copy) => copy.messages(id).length === i);
      }
    },
  ],
  'feed.before-pull': [
    'a connection that has not pulled gets no changes',
    async (stage) => {
      const [ann, bob] = [await stage.device(), await stage.connect()];
      await ann.confirm(message(ann.with(bob)));
      await ann.quiet();
      await bob.wire.stillOpen();
      demand(bob.news.length === 0 && bob.copy.rows.size === 0, 'no changes', bob.news);
    },
  ],
  'feed.strangers': [
    'a conversation is in the feed of its two users only',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const carol = await stage.device();
      await ann.confirm(message(ann.with(bob)));
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      const news = await carol.quiet();
      demand(news.length === 0 || carol.copy.rows.size === 0, 'nothing for a third user', news);
    },
  ],
  'feed.unknown-cursor': [
    'an invented or truncated cursor gets protocol/cursor-unknown; the connection stays open, and a pull from null works',
    async (stage) => {
      const ann = await stage.device();
      const [cursor, bob] = [ann.cursor!, await stage.person()];
      await ann.confirm(message(ann.with(bob)));
      for (const bad of ['invented by the conformance kit', `${cursor}0000000`, cursor.slice(0, 2), 'x']) {
        if (bad === cursor) continue;
        ann.startPull(bad);
        ann.wire.send({ type: 'pull', cursor: bad });
        await ann.wire.error('protocol/cursor-unknown');
      }
      await ann.pullFor(null, 'the conversation', ({ rows }) => rows.has(ann.with(bob)));
    },
  ],
  'feed.cursor-shape': [
    'a cursor has 1 to 128 characters: the server refuses other pulls as bad frames',
    async (stage) => {
      const ann = await stage.connect();
      for (const cursor of ['', 'x'.repeat(129), 7]) {
        ann.wire.send({ type: 'pull', cursor });
        await ann.wire.error('protocol/bad-frame');
      }
      const frames = await ann.pull(null);
      demand(
        frames.every(({ to }) => to.length > 0 && to.length <= 128),
        'cursors of 1 to 128 characters',
        frames,
      );
    },
  ],
  'feed.confirmed-at': [
    'a pull may name the at of the newest answer, from a cursor and from null',
    async (stage) => {
      const [ann, bob] = [await stage.device(), await stage.person()];
      const { at } = await ann.submit([message(ann.with(bob))]);
      for (const cursor of [ann.cursor, null]) {
        await ann.pull(cursor, { confirmedAt: at });
        await ann.sees('the confirmed message', ({ rows }) => rows.has(ann.with(bob)));
      }
    },
  ],
  'feed.answer-row': [
    'the row of an answer is the row of the feed: same version, same registers',
    async (stage) => {
      const [ann, bob] = [await stage.device(), await stage.person()];
      const row = rowIn(await ann.submit([message(ann.with(bob)), message(ann.with(bob))]));
      await ann.sees('the row', (copy) => copy.rows.get(ann.with(bob))?.latestSeq === 2);
      like(ann.copy.row(ann.with(bob)), { ...row }, 'the row of the feed');
    },
  ],
  'feed.long': [
    'a long answer comes in several frames that join end to end; the last one alone is complete, and no summary is missing',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.connect()];
      await bob.pull(null);
      const at = bob.cursor;
      bob.close();
      const body = 'x'.repeat(15_000);
      for (let i = 0; i < 10; i++) await ann.submit([1, 2, 3, 4].map(() => message(ann.with(bob), { body })));
      const back = await stage.connect(bob.person);
      const frames = await back.pull(at);
      like(
        frames.map(({ complete }) => complete),
        [...frames.slice(1).map(() => false), true],
        'complete in the last frame only',
      );
    },
  ],
  'feed.recall-away': [
    'a device that was away learns of a recall, and the message comes with an empty body',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      const entry = message(ann.with(bob));
      await ann.confirm(entry);
      await bob.sees('the message', (copy) => copy.rows.has(bob.with(ann)));
      bob.close();
      await ann.confirm(message(ann.with(bob)));
      await ann.confirm(recall(ann.with(bob), entry.id));
      const back = await stage.connect(bob.person);
      await back.pullFor(bob.cursor, 'the recalled message', (copy) => copy.messages(bob.with(ann)).some(({ recalled }) => recalled));
      const found = back.copy.messages(bob.with(ann)).find(({ seq }) => seq === 1);
      like(found, { id: entry.id, recalled: true, body: '' }, 'the recalled message');
    },
  ],
});
