/** The handshake: hello, welcome, auth. */
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { checksOf } from '../check.ts';
import { demand, like } from '../demand.ts';
import { hello } from '../device.ts';
import { message } from '../stage.ts';

const AUTHORIZED = 4401;

export const OPENING = checksOf('core', 'Opening', {
  'open.welcome': [
    'hello with a valid token is answered by welcome, with the user, the version and the limits',
    async (stage) => {
      const { welcome, userId } = await stage.connect();
      like(welcome, { userId, version: PROTOCOL_VERSION }, 'welcome');
      const { limits } = welcome!;
      demand(limits.entries <= 500, 'limits.entries of at most 500', limits);
      demand(limits.frameBytes <= 65_536, 'limits.frameBytes of at most 64 KiB', limits);
    },
  ],
  'open.forbidden': [
    'a token that the server refuses gets auth/forbidden and a close with 4401',
    async (stage) => {
      const { userId } = await stage.person();
      const wire = await stage.open();
      wire.send(hello({ userId, token: 'bad token, made by the conformance kit' }));
      await wire.error('auth/forbidden');
      await wire.closesWith(AUTHORIZED);
    },
  ],
  'open.wrong-user': [
    'a token of another user than userId gets auth/wrong-user, a close with 4501, and nothing else',
    async (stage) => {
      const [ann, bob] = [await stage.person(), await stage.person()];
      const wire = await stage.open();
      wire.send(hello({ userId: ann.userId, token: bob.token }));
      wire.send({ type: 'pull', cursor: null });
      await wire.error('auth/wrong-user');
      await wire.closesWith(4501);
      demand(wire.frames.length === 0, 'no frame behind the error', wire.frames);
    },
  ],
  'open.version': [
    'a version that the server does not speak gets protocol/version-unsupported and a close with 4500',
    async (stage) => {
      const wire = await stage.open();
      wire.send({ ...hello(await stage.person()), version: 9999 });
      await wire.error('protocol/version-unsupported');
      await wire.closesWith(4500);
    },
  ],
  'open.hello-first': [
    'another frame before hello gets auth/forbidden and a close with 4401',
    async (stage) => {
      const wire = await stage.open();
      wire.send({ type: 'ping' });
      await wire.error('auth/forbidden');
      await wire.closesWith(AUTHORIZED);
    },
  ],
  'open.malformed': [
    'a malformed first frame gets protocol/bad-frame and a close with 4401',
    async (stage) => {
      const wire = await stage.open();
      wire.send({ ...hello(await stage.person()), time: 1 });
      await wire.error('protocol/bad-frame');
      await wire.closesWith(AUTHORIZED);
    },
  ],
  'open.in-order': [
    'frames sent straight behind hello are answered in order after welcome',
    async (stage) => {
      const ann = await stage.person();
      const wire = await stage.open();
      wire.send(hello(ann));
      wire.send({ type: 'pull', cursor: null });
      wire.send({ type: 'ping' });
      for (const type of ['welcome', 'changes', 'pong'] as const) {
        const frame = await wire.until(() => wire.frames.shift(), `the frame ${type}`);
        demand(frame.type === type, `welcome, changes, pong, in this order`, frame);
      }
    },
  ],
  'open.auth': [
    'auth with a fresh token of the same user is answered by welcome, and the connection goes on',
    async (stage) => {
      const ann = await stage.connect();
      ann.wire.send({ type: 'auth', token: await stage.users.token(ann.userId) });
      like(await ann.wire.next('welcome'), { userId: ann.userId }, 'welcome');
      await ann.wire.stillOpen();
    },
  ],
  'open.auth-forbidden': [
    'auth with a token that the server refuses fails as for hello: auth/forbidden, close 4401',
    async (stage) => {
      const ann = await stage.connect();
      ann.wire.send({ type: 'auth', token: 'bad token, made by the conformance kit' });
      await ann.wire.error('auth/forbidden');
      await ann.wire.closesWith(AUTHORIZED);
    },
  ],
  'open.auth-other-user': [
    'auth with a token of another user gets auth/wrong-user and a close with 4501',
    async (stage) => {
      const ann = await stage.connect();
      ann.wire.send({ type: 'auth', token: (await stage.person()).token });
      await ann.wire.error('auth/wrong-user');
      await ann.wire.closesWith(4501);
    },
  ],
  'open.expires': [
    'welcome names the remaining life of the token; when it ends without a fresh token: auth/expired, close 4401',
    async (stage) => {
      const { userId } = await stage.person();
      const ann = await stage.connect({ userId, token: await stage.users.token(userId, 3000) });
      const { expiresInMs } = ann.welcome!;
      demand(expiresInMs !== null && expiresInMs <= 3000, 'expiresInMs of at most 3000, the life of the token', expiresInMs);
      await ann.wire.until(
        () => ann.wire.frames.find(({ type }) => type === 'error'),
        'the error auth/expired when the token ends',
        10_000,
      );
      await ann.wire.error('auth/expired');
      await ann.wire.closesWith(AUTHORIZED);
    },
    'slow',
  ],
  'open.expired': [
    'hello with an expired token gets auth/expired and a close with 4401',
    async (stage) => {
      const { userId } = await stage.person();
      const token = await stage.users.token(userId, 1000);
      await new Promise((resolve) => setTimeout(resolve, 2100));
      const wire = await stage.open();
      wire.send(hello({ userId, token }));
      await wire.error('auth/expired');
      await wire.closesWith(AUTHORIZED);
    },
    'slow',
  ],
  'open.hello-in-time': [
    'a client that sends no hello within 10 s is closed with 4408',
    async (stage) => {
      const wire = await stage.open();
      const since = Date.now();
      await wire.closesWith(4408, 20_000);
      demand(Date.now() - since > 9000, 'a close after 10 s', `a close after ${Date.now() - since} ms`);
    },
    'slow',
  ],
  'open.token-per-user': [
    'the user of every effect is the user of the token (I-24)',
    async (stage) => {
      const [ann, bob] = await stage.pair();
      await ann.confirm(message(ann.with(bob)));
      await bob.sees('the message', (copy) => copy.messages(bob.with(ann)).length === 1);
      like(bob.copy.messages(bob.with(ann)), [{ senderId: ann.userId }], 'the message');
    },
  ],
});
