/** Ids: the limit in bytes, the forbidden characters, and no folding. */
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import { message } from '../stage.ts';

const forBytes = (bytes: number, tail: string): string => `${'é'.repeat(30)}${'x'.repeat(bytes - 60 - Buffer.byteLength(tail))}${tail}`;

export const VALUES = checksOf('core', 'Values', {
  'values.id-length': [
    'an id has 1 to 128 bytes of UTF-8: 128 are accepted, 129 and none are rejected/unsupported',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const tail = stage.name('m');
      await ann.confirm(message(ann.with(bob), { id: forBytes(128, tail) }), 'an id of 128 bytes');
      await ann.refuse(message(ann.with(bob), { id: forBytes(129, tail) }), 'rejected/unsupported', 'an id of 129 bytes');
      await ann.refuse(message(ann.with(bob), { id: '' }), 'rejected/unsupported', 'an empty id');
      await ann.refuse(message(`direct:${forBytes(129, tail)}`), 'rejected/unsupported', 'a peer with an id of 129 bytes');
    },
  ],
  'values.id-characters': [
    'an id has no control character, no lone surrogate and no U+FEFF',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      for (const bad of ['\u0000', '\n', '\u007F', '\u0085', '\uD800', '\uFEFF'])
        await ann.refuse(message(ann.with(bob), { id: `a${bad}b` }), 'rejected/unsupported', `an id with ${JSON.stringify(bad)}`);
    },
  ],
  'values.id-identity': [
    'two ids are the same only if their code points are: no normalising, trimming or folding',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const base = stage.name('m');
      const ids = ['café', 'cafe\u0301', 'CAFÉ', 'café ', ' café', 'ca\u200Dfé'].map((end) => `${base}${end}`);
      const { results } = await ann.submit(ids.map((id) => message(ann.with(bob), { id })));
      const seqs = results.map((one) => (one.outcome === 'confirmed' ? one.message?.seq : one));
      like(
        seqs,
        ids.map((_, i) => i + 1),
        'one seq for each id',
      );
      const found = await ann.fetch([{ conversationId: ann.with(bob), seqs: [[1, 9]], limit: 9 }]);
      like(
        found.sort((a, b) => a.seq - b.seq).map(({ id }) => id),
        ids,
        'the ids',
      );
    },
  ],
  'values.colon': [
    'only the first colon splits a conversation id',
    async (stage) => {
      const ann = await stage.connect();
      const peer = `${stage.name('u')}:b:c`;
      const { row } = await ann.confirm(message(`direct:${peer}`));
      like(row, { conversationId: `direct:${peer}` }, 'the row');
      await ann.refuse(message('channel:x'), 'rejected/unsupported', 'a conversation that is neither direct nor group');
    },
  ],
  'values.time': [
    'the time of a message comes from the server, and does not go back',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { results } = await ann.submit([message(ann.with(bob)), message(ann.with(bob))]);
      const times = results.map((one) => (one.outcome === 'confirmed' ? (one.message?.sentAt ?? 0) : 0));
      demand(times[0]! > 1_600_000_000_000, 'sentAt in epoch milliseconds', times);
      demand(times[0]! <= times[1]!, 'times that do not go back', times);
    },
  ],
});
