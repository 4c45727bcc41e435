/** The carrier: what the server refuses before it looks at the meaning of a frame, and the limits of the wire. */
import type { Check } from '../check.ts';
import { checksOf } from '../check.ts';
import { demand, Mismatch } from '../demand.ts';
import { message } from '../stage.ts';
import { UpgradeRefused } from '../wire/socket.ts';

const MAX_BYTES = 65_536;

/** A frame of an open connection that the server must refuse, and then go on. */
const refused =
  (frame: object | string, id?: number): Check['run'] =>
  async (stage) => {
    const { wire } = await stage.connect();
    wire.send(frame);
    await wire.error('protocol/bad-frame', id);
    await wire.stillOpen();
  };

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** A submit of exactly so many bytes: small messages, filled up. */
const submitOf = (bytes: number, to: `direct:${string}`): string => {
  const entries = Array.from({ length: 5 }, () => message(to, { body: 'x'.repeat(10_000) }));
  const text = (): string => JSON.stringify({ type: 'submit', id: 1, entries });
  let missing = bytes - Buffer.byteLength(text());
  for (const entry of entries) {
    const more = Math.min(missing, 6000);
    entry['body'] = 'x'.repeat(10_000 + more);
    missing -= more;
  }
  return text();
};

export const TRANSPORTS = checksOf('core', 'Transports', {
  'wire.binary': [
    'a binary message is answered by protocol/bad-frame',
    async (stage) => {
      const { wire } = await stage.connect();
      wire.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
      await wire.error('protocol/bad-frame');
      await wire.stillOpen();
    },
  ],
  'wire.json': ['a text that is not JSON is answered by protocol/bad-frame, and the connection stays open', refused('{"type":"ping"')],
  'wire.unknown-type': ['a frame of an unknown type is refused, with its id', refused({ type: 'telepathy', id: 7 }, 7)],
  'wire.unknown-key': [
    'a frame with an unknown key is refused, with its id',
    refused({ type: 'fetch', id: 7, wants: [{ conversationId: 'direct:x', seqs: [[1, 1]], limit: 1 }], urgent: true }, 7),
  ],
  'wire.inherited-key': [
    'a frame with a key that every object inherits is refused',
    refused('{"type":"pull","cursor":null,"__proto__":{"snapshot":true}}'),
  ],
  'wire.shape': ['a frame of a wrong shape is refused, with its id', refused({ type: 'fetch', id: 7, wants: 'all' }, 7)],
  'wire.request-id': ['a request id is an integer from 1', refused({ type: 'submit', id: 0, entries: [] })],
  'wire.depth': ['a frame that nests deeper than 8 is refused', refused(`{"type":"submit","id":7,"entries":${nested(9)}}`)],
  'wire.largest': [
    'a frame of 64 KiB is accepted',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      ann.wire.send(submitOf(MAX_BYTES, ann.with(bob)));
      const { results } = await ann.wire.next('answer');
      demand(
        results.every(({ outcome }) => outcome === 'confirmed'),
        'all entries confirmed',
        results,
      );
    },
  ],
  'wire.too-large': [
    'a frame over 64 KiB closes the connection with 1009',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      ann.wire.send(submitOf(MAX_BYTES + 1, ann.with(bob)));
      await ann.wire.closesWith(1009);
    },
  ],
  'wire.fragments': [
    'a message in fragments is one frame; a character may be split between two',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.device()];
      const text = Buffer.from(JSON.stringify({ type: 'submit', id: 1, entries: [message(ann.with(bob), { body: 'é' })] }));
      const at = text.indexOf(Buffer.from('é')) + 1;
      for (const part of [text.subarray(0, 9), text.subarray(9, at)]) ann.wire.socket.send(part, { binary: false, fin: false });
      ann.wire.socket.send(text.subarray(at), { binary: false, fin: true });
      await ann.wire.next('answer');
      await bob.sees('the message', (copy) => copy.messages(bob.with(ann))[0]?.body === 'é');
    },
  ],
  'wire.bad-frames': [
    'after more than 20 bad frames the server closes with 1008',
    async (stage) => {
      const { wire } = await stage.connect();
      for (let i = 0; i < 20; i++) {
        wire.send('bad');
        await wire.error('protocol/bad-frame');
      }
      await wire.stillOpen();
      wire.send('bad');
      await wire.closesWith(1008);
    },
  ],
  'wire.query': [
    'a URL with a query is refused with status 400 on both transports',
    async (stage) => {
      const url = `${stage.url}?token=secret`;
      const status = await stage.open(undefined, url).then(
        () => 101,
        (error: unknown) => {
          if (error instanceof UpgradeRefused) return error.status;
          throw error;
        },
      );
      demand(status === 400, 'status 400 for the upgrade', status);
      const answer = await stage.post([], {}, url);
      demand(answer.status === 400, 'status 400 for the POST', answer.status);
    },
  ],
  'wire.origin': [
    'a page of an origin that is not allowed gets auth/origin-refused and a close with 4403; over HTTP status 403',
    async (stage) => {
      const headers = { Origin: 'https://foreign.example' };
      const wire = await stage.open(headers);
      wire.send({ type: 'ping' });
      await wire.error('auth/origin-refused');
      await wire.closesWith(4403);
      const answer = await stage.post([], { headers });
      demand(answer.status === 403, 'status 403 for the POST', answer.status);
      const [frame] = answer.frames;
      demand(frame?.type === 'error' && frame.code === 'auth/origin-refused', 'the error auth/origin-refused for the POST', answer.frames);
      const readable = answer.headers.get('Access-Control-Allow-Origin');
      demand(readable === '*' || readable === headers.Origin, 'a refusal that the page may read (Access-Control-Allow-Origin)', readable);
    },
  ],
  'wire.compression': [
    'compression is off, and there is no subprotocol',
    async (stage) => {
      const { socket } = await stage.open();
      demand(socket.extensions === '' && socket.protocol === '', 'no extension and no subprotocol', [socket.extensions, socket.protocol]);
    },
  ],
  'wire.ahead': [
    'a client may send frames ahead of the answers, and they are answered in order',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      for (let id = 1; id <= 30; id++)
        ann.wire.send({ type: 'submit', id, entries: [message(ann.with(bob), { key: `k${id}`, id: stage.name('m') })] });
      for (let id = 1; id <= 30; id++) {
        const answer = await ann.wire.next('answer');
        const [result] = answer.results;
        const seq = result?.outcome === 'confirmed' ? result.message?.seq : undefined;
        if (answer.id !== id || seq !== id) {
          const saw = `answer ${answer.id} with seq ${seq}`;
          stage.ledger.note('answer-order', `${saw} in place of ${id}`);
          throw new Mismatch(`the answer to submit ${id}, with seq ${id}`, saw);
        }
      }
    },
  ],
});

export const HEARTBEAT = checksOf('core', 'Heartbeat', {
  'beat.pong': [
    'ping is answered by pong; after a pull, caughtUp names the cursor of the last frame',
    async (stage) => {
      const ann = await stage.device();
      ann.wire.send({ type: 'ping' });
      const { caughtUp } = await ann.wire.next('pong');
      // Absent is allowed while changes were sent.
      demand(!caughtUp || caughtUp.cursor === ann.cursor, `caughtUp with the cursor ${ann.cursor}`, caughtUp);
    },
  ],
  'beat.pull': [
    'a ping is also a pull: the changes that the server has are sent before pong',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.confirm(message(ann.with(bob)));
      const end = Date.now() + stage.patienceMs;
      while (bob.copy.messages(bob.with(ann)).length === 0) {
        demand(Date.now() < end, 'the message in the changes before a pong', bob.news);
        await bob.quiet();
      }
    },
  ],
});
