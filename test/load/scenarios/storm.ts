import type { ConversationRow } from '../../../src/model/conversation/conversation.ts';
import type { Measured } from '../report/results.ts';
import { fillChats } from '../rig/fill.ts';
import { unreadOf, Verdict } from '../rig/judge.ts';
import { measured } from '../rig/measure.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import { closeAll, failuresOf, LoadSocket, openAll } from '../rig/socket.ts';
import type { Scenario } from '../scenario.ts';

/** Each user has sent this many messages to so many others. */
const PEERS = 5;
const MESSAGES = 4;

const storming = async (ground: Ground, isQuick: boolean): Promise<Measured> => {
  const rig = await Rig.start(ground);
  const count = isQuick ? 200 : 5000;
  const users = Array.from({ length: count }, (_, i) => `s${i}`);
  try {
    await fillChats(
      rig.pool!,
      users.flatMap((from, i) => Array.from({ length: PEERS }, (_, d) => ({ from, to: users[(i + d + 1) % count]!, messages: MESSAGES }))),
    );
    const rows = users.map(() => new Map<string, ConversationRow>());
    const sockets = users.map(
      (user, i) =>
        new LoadSocket(rig.port, user, (frame) => {
          for (const row of frame.rows) rows[i]!.set(row.conversationId, row);
        }),
    );
    const times: number[] = [];
    const row = await measured(rig, async (end) => {
      const since = performance.now();
      await openAll(sockets, true, { atOnce: count, opened: () => times.push(performance.now() - since) });
      end();
      const verdict = new Verdict();
      for (const [i, mine] of rows.entries()) {
        verdict.expect('conversations', users[i]!, mine.size, 2 * PEERS);
        verdict.expect(
          'unread counts',
          users[i]!,
          [...mine.values()].reduce((sum, one) => sum + unreadOf(one), 0),
          PEERS * MESSAGES,
        );
      }
      const again = sockets.reduce((sum, { busy }) => sum + busy, 0);
      return {
        what: `${count.toLocaleString('en')} clients at once${again > 0 ? `, ${again.toLocaleString('en')} had to come back` : ''}`,
        count,
        answers: times,
        failures: [...failuresOf(sockets), ...verdict.failures],
        judged: `${count} clients: conversations and unread counts`,
      };
    });
    closeAll(sockets);
    times.sort((a, b) => a - b);
    const step = Math.max(1, Math.floor(times.length / 200));
    return {
      rows: [row],
      plot: {
        kind: 'lines',
        title: `A storm: ${count.toLocaleString('en')} clients connect at once`,
        note: `Clients in sync by time. Each has ${2 * PEERS} conversations. Steeper is better.`,
        x: 'seconds',
        y: 'clients',
        lines: [
          {
            name: 'in sync',
            points: times.flatMap((ms, i): [number, number][] => (i % step === 0 || i === times.length - 1 ? [[ms / 1000, i + 1]] : [])),
          },
        ],
      },
    };
  } finally {
    await rig.stop();
  }
};

export const storm: Scenario = {
  id: 'storm',
  title: 'A storm of 5,000 clients',
  about:
    'All clients connect in the same moment, sign in, and pull everything: ten conversations each. A client that is refused comes back after ' +
    'about a second. *Answer* is the time from the first connection of all until a client is in sync.',
  run: storming,
};
