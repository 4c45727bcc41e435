/** The link over HTTP: which pull follows an answer. */
import { expect, it } from 'vitest';
import { HttpLink } from '../../../src/engine/sync/connection/http-link.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../../src/protocol/frames.ts';
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

const changes = (from: string | null, to: string, complete: boolean): Frame<'changes'> => ({
  type: 'changes',
  from,
  to,
  rows: [],
  messages: [],
  steps: [],
  complete,
});
const welcome = {
  type: 'welcome',
  version: PROTOCOL_VERSION,
  userId: 'ann',
  expiresInMs: null,
  limits: DEFAULT_LIMITS,
} as Frame<'welcome'>;

it('a live pull whose answer had no room for all news continues as a live pull, and a catch-up as a catch-up', async () => {
  const answers = [
    changes('c0', 'c1', false),
    changes('c1', 'c2', true),
    changes('c2', 'c3', false),
    changes('c3', 'c4', false),
    changes('c4', 'c5', true),
  ];
  const pulls: Frame<'pull'>[] = [];
  const link = new HttpLink(
    {
      net: {
        request: (frames: readonly ClientFrame[]): Promise<ServerFrame[]> => {
          pulls.push(frames[1] as Frame<'pull'>);
          const answer = answers.shift();
          return answer ? Promise.resolve([welcome, answer]) : new Promise(() => undefined);
        },
        connect: () => {
          throw new Error('no sockets here');
        },
      },
      clock: { wall: () => 0, mono: () => 0, timer: () => () => undefined },
      random: { next: () => 0.5, id: () => 'id' },
    },
    { opened: () => undefined, frame: () => undefined, malformed: () => undefined, closed: () => undefined },
  );
  link.send({ type: 'hello', version: PROTOCOL_VERSION, token: 't', userId: 'ann', deviceId: 'd' });
  link.send({ type: 'pull', cursor: 'c0' });
  await expect.poll(() => pulls.length).toBe(6);
  expect(pulls.map(({ cursor, waitMs, live }) => [cursor, waitMs !== undefined, live === true])).toEqual([
    ['c0', false, false],
    ['c1', false, false],
    ['c2', true, false],
    ['c3', false, true],
    ['c4', false, true],
    ['c5', true, false],
  ]);
  link.close();
});
