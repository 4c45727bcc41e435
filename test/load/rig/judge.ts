/** Asks the server what is in effect, over the wire, as a new device of a user would. */
import type { ConversationRow } from '../../../src/model/conversation/conversation.ts';
import { unreadAt } from '../../../src/model/conversation/unread.ts';
import { LoadSocket, openAll } from './socket.ts';

type Rows = ReadonlyMap<string, ConversationRow>;

/** The rows of each user, from snapshots. */
export const snapshots = async (port: number, userIds: readonly string[]): Promise<ReadonlyMap<string, Rows>> => {
  const all = new Map<string, Map<string, ConversationRow>>();
  const sockets = userIds.map((userId) => {
    const rows = new Map<string, ConversationRow>();
    all.set(userId, rows);
    return new LoadSocket(port, userId, (frame) => {
      for (const row of frame.rows) rows.set(row.conversationId, row);
    });
  });
  await openAll(sockets, true, { atOnce: 50, opened: (socket) => socket.close() });
  return all;
};

export const unreadOf = (row: ConversationRow | undefined): number => (row ? unreadAt(row, row.readUpTo).unreadCount : NaN);

/** Collects what differs from what was sent. A thousand of the same kind are one line. */
export class Verdict {
  private readonly wrong = new Map<string, { count: number; first: string }>();

  expect(kind: string, what: string, found: unknown, wanted: unknown): void {
    const [is, must] = [found === undefined ? 'nothing' : JSON.stringify(found), JSON.stringify(wanted)];
    if (is === must) return;
    const known = this.wrong.get(kind);
    if (known) known.count++;
    else this.wrong.set(kind, { count: 1, first: `${what}: ${is} instead of ${must}` });
  }

  get failures(): string[] {
    return [...this.wrong].map(([kind, { count, first }]) => `${kind}: ${count} wrong, such as ${first}`);
  }
}
