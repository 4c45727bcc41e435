/** The HTTP endpoint: the same frames, and the statuses. */
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import { hello } from '../device.ts';
import { message } from '../stage.ts';
import { refusedWith } from '../wire/request.ts';

export const HTTP = checksOf('core', 'HTTP endpoint', {
  'http.answers': [
    'the answer is a JSON array of the server’s frames, in the order of the requests',
    async (stage) => {
      const [ann, bob] = [await stage.person(), await stage.person()];
      const entry = message(`direct:${bob.userId}`);
      const { status, frames, type } = await stage.ask(ann, [
        { type: 'submit', id: 1, entries: [entry] },
        { type: 'pull', cursor: null },
        { type: 'fetch', id: 2, wants: [{ conversationId: `direct:${bob.userId}`, seqs: [[1, 1]], limit: 1 }] },
        { type: 'ping' },
      ]);
      demand(status === 200 && type.startsWith('application/json'), 'status 200 with application/json', `${status} ${type}`);
      // A long answer may come in several frames, and a ping sends the changes that came meanwhile.
      const types = frames.map((frame) => frame.type).filter((one, i, all) => one !== all[i - 1] && (one !== 'changes' || i === 2));
      like(types, ['welcome', 'answer', 'changes', 'messages', 'pong'], 'the frames');
    },
  ],
  'http.once': [
    'an entry sent by HTTP and again by WebSocket is in effect once, and reaches live devices',
    async (stage) => {
      const [ann, bob] = [await stage.person(), await stage.device()];
      const entry = message(`direct:${bob.userId}`);
      await stage.ask(ann, [{ type: 'submit', id: 1, entries: [entry] }]);
      await bob.sees('the message', (copy) => copy.rows.has(`direct:${ann.userId}`));
      const { frames } = await stage.ask(ann, [{ type: 'submit', id: 1, entries: [entry] }]);
      like(frames[1], { results: [{ outcome: 'confirmed', message: { seq: 1 } }] }, 'the answer to the retry');
      const device = await stage.connect(ann);
      like((await device.confirm(entry)).message, { seq: 1 }, 'the answer over the WebSocket');
    },
  ],
  'http.shape': [
    'status 400: no array of frames, no hello, a malformed frame, a frame too many',
    async (stage) => {
      const first = hello(await stage.person());
      refusedWith(await stage.post('{"type":"ping"}'), 400, 'protocol/bad-frame', 'an object');
      refusedWith(await stage.post('not JSON'), 400, 'protocol/bad-frame', 'no JSON');
      const beforeHello = await stage.post([{ type: 'ping' }]);
      demand(beforeHello.status === 400, 'status 400 for a request without hello', beforeHello.status);
      refusedWith(await stage.post([first, { type: 'ping', extra: 1 }]), 400, 'protocol/bad-frame', 'a malformed frame');
      const pings = Array.from({ length: 256 }, () => ({ type: 'ping' }));
      refusedWith(await stage.post([first, ...pings]), 400, 'protocol/bad-frame', '257 frames');
    },
  ],
  'http.version': [
    'status 400 for a version that the server does not speak',
    async (stage) => {
      const answer = await stage.post([{ ...hello(await stage.person()), version: PROTOCOL_VERSION + 1000 }]);
      refusedWith(answer, 400, 'protocol/version-unsupported', 'the version');
    },
  ],
  'http.token': [
    'status 401 for a refused token, 403 for a token of another user',
    async (stage) => {
      const [ann, bob] = [await stage.person(), await stage.person()];
      refusedWith(
        await stage.post([hello({ ...ann, token: 'bad token, made by the conformance kit' })]),
        401,
        'auth/forbidden',
        'a bad token',
      );
      refusedWith(await stage.post([hello({ ...ann, token: bob.token })]), 403, 'auth/wrong-user', 'the token of another user');
    },
  ],
  'http.too-large': [
    'status 413 for more than 64 KiB',
    async (stage) => {
      const { status } = await stage.post(`[${' '.repeat(65_536)}]`);
      demand(status === 413, 'status 413', status);
    },
  ],
  'http.methods': [
    'status 405 for other methods; OPTIONS is answered by 204 with CORS headers',
    async (stage) => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const { status } = await stage.post(undefined, { method });
        demand(status === 405, `status 405 for ${method}`, status);
      }
      const headers = { Origin: 'https://foreign.example', 'Access-Control-Request-Method': 'POST' };
      const preflight = await stage.post(undefined, { method: 'OPTIONS', headers });
      demand(preflight.status === 204, 'status 204 for OPTIONS', preflight.status);
      demand(preflight.headers.has('Access-Control-Allow-Methods'), 'CORS headers', [...preflight.headers.keys()]);
    },
  ],
  'http.cursor': [
    'a pull with an unknown cursor is answered by the error among the other frames, with status 200',
    async (stage) => {
      const { status, frames } = await stage.ask(await stage.person(), [{ type: 'pull', cursor: 'invented' }, { type: 'ping' }]);
      demand(status === 200, 'status 200', status);
      like(frames, [{ type: 'welcome' }, { type: 'error', code: 'protocol/cursor-unknown' }, { type: 'pong' }], 'the frames');
    },
  ],
  'http.wait': [
    'a pull with waitMs is answered as soon as a change exists',
    async (stage) => {
      const [ann, bob] = [await stage.connect(), await stage.person()];
      const { frames } = await stage.ask(bob, [{ type: 'pull', cursor: null }]);
      const cursor = frames[1]?.type === 'changes' ? frames[1].to : null;
      const since = Date.now();
      const waiting = stage.ask(bob, [{ type: 'pull', cursor, waitMs: Math.min(stage.patienceMs, 25_000) }]);
      await new Promise((resolve) => setTimeout(resolve, 150));
      await ann.confirm(message(ann.with(bob)));
      const answer = await waiting;
      like(answer.frames[1], { type: 'changes', from: cursor, rows: [{ latestSeq: 1 }] }, 'the changes');
      demand(Date.now() - since < stage.patienceMs - 100, 'an answer before waitMs has passed', `${Date.now() - since} ms`);
    },
  ],
  'http.wait-over': [
    'a pull with waitMs and no change is answered by an empty frame when the time is over',
    async (stage) => {
      const bob = await stage.person();
      const { frames } = await stage.ask(bob, [{ type: 'pull', cursor: null }]);
      const cursor = frames[1]?.type === 'changes' ? frames[1].to : null;
      const answer = await stage.ask(bob, [{ type: 'pull', cursor, waitMs: 300 }]);
      like(answer.frames[1], { type: 'changes', from: cursor, rows: [], complete: true }, 'the changes');
    },
  ],
});
