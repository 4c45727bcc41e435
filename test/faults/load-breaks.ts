/** Breaks of the rows about the load on a server (F119, F120, F121, F125). */
import type { Break } from './breaks.ts';

const BOUNDS = 'test/unit/server/bounds.test.ts';
const GROUPS = 'test/unit/server/group-cost.test.ts';

export const LOAD_BREAKS: readonly Break[] = [
  {
    fault: 'F119',
    file: 'src/server/connection/connection.ts',
    from: 'once && out.sent > once.answerChars ? {',
    to: 'once && out.sent > Infinity ? {',
    test: ['node', BOUNDS, 'a request with many fetches'],
  },
  {
    fault: 'F119',
    file: 'src/server/connection/answer-fetch.ts',
    from: 'if (rest.ranges.length > 0 && !mayContinue()) return;',
    to: '',
    test: ['node', BOUNDS, 'a request with many fetches'],
  },
  {
    fault: 'F119',
    file: 'src/server/feed/fetch-messages.ts',
    from: 'tx.messagesWithin(page, budget)',
    to: 'tx.messagesWithin(page, Infinity)',
    test: ['node', BOUNDS, 'does not read'],
  },
  {
    fault: 'F119',
    file: 'src/server/connection/feed-sender.ts',
    from: 'if (at !== from && whole[i] && (out.isFull || out.sent > this.maxChars)) return { at, done: false };',
    to: 'if (out.isFull) return { at, done: true };',
    test: ['node', BOUNDS, 'a page of the feed'],
  },
  {
    fault: 'F119',
    file: 'src/server/connection/allowance.ts',
    from: 'core.buckets.charge(me, chars / 1024, core.policy().rate, core.clock.mono());',
    to: 'core.buckets.charge(me, chars * 0, core.policy().rate, core.clock.mono());',
    test: ['node', BOUNDS, 'a fetch costs as much as it returns'],
  },
  {
    fault: 'F119',
    file: 'src/server/connection/connection.ts',
    from: 'queued >= MAX_QUEUED_FRAMES || queuedChars + text.length > maxChars',
    to: 'queued >= MAX_QUEUED_FRAMES',
    test: ['node', BOUNDS, 'ends a check that takes too long'],
  },
  {
    fault: 'F119',
    file: 'src/server/connection/connection.ts',
    from: 'if (!ticket.name(userId)) return false;',
    to: 'ticket.name(userId);',
    test: ['node', BOUNDS, 'a maximum number of connections'],
  },
  {
    fault: 'F119',
    file: 'src/server/doors/http.ts',
    from: 'void over.then(() => ticket.leave());',
    to: '',
    also: [{ file: 'src/server/connection/connection.ts', from: 'void work.finally(() => ticket.leave());', to: '' }],
    test: ['node', 'test/contract/server-doors.test.ts', 'its places are free again'],
  },
  {
    fault: 'F119',
    file: 'src/engine/sync/connection/http-link.ts',
    from: 'this.waiting.unshift({ ...frame, wants });',
    to: 'void wants;',
    test: ['node', 'test/unit/engine/rest-of-fetch.test.ts', 'without WebSockets'],
  },
  {
    fault: 'F119',
    file: 'src/engine/queries/history.ts',
    from: 'wants = restOfFetch(fetch, answers);',
    to: 'wants = [];',
    test: ['node', 'test/unit/engine/rest-of-fetch.test.ts', 'a page of long history'],
  },
  {
    fault: 'F120',
    file: 'src/server/store/turns.ts',
    from: `      this.ring.delete(line);
      const job = line.waiting.shift()!;
      if (line.waiting.length > 0) this.ring.add(line);`,
    to: `      const job = line.waiting.shift()!;
      if (line.waiting.length === 0) this.ring.delete(line);`,
    test: ['node', 'test/unit/server/turns.test.ts', 'F120'],
  },
  {
    fault: 'F120',
    file: 'src/server/connection/allowance.ts',
    from: 'if (backlogMs > MAX_BACKLOG_MS)',
    to: 'if (backlogMs > Infinity)',
    test: ['node', 'test/unit/server/turns.test.ts', 'an account with a large backlog'],
  },
  {
    fault: 'F120',
    file: 'src/server/store/sql/pglite.ts',
    from: 'await letOthersIn();',
    to: '',
    test: ['node', 'test/contract/server-store.turns.test.ts', 'F120'],
  },
  {
    fault: 'F121',
    file: 'src/server/submit/submit-work.ts',
    from: 'if (list) list.push(entry);',
    to: 'if (list) this.rosters.set(entry.conversationId, [...list, entry]);',
    test: ['node', GROUPS, 'a message reads each member once'],
  },
  {
    fault: 'F121',
    file: 'src/server/submit/apply-entries.ts',
    from: `if (entry.kind !== 'receipts' || hintsAllMembers) ids.add`,
    to: `if (entry.kind !== 'receipts' || hintsAllMembers !== null) ids.add`,
    test: ['node', GROUPS, 'reads no other member'],
  },
  {
    fault: 'F121',
    file: 'src/server/groups/membership.ts',
    from: `others === 'leave' ? await tx.members([id])`,
    to: `wanted.size > 0 ? await tx.members([id])`,
    test: ['node', GROUPS, 'adding a member reads no other member'],
  },
  {
    fault: 'F121',
    file: 'src/server/server.ts',
    from: 'for (const connection of core?.connections.of(userId) ?? []) connection.wake(kind);',
    to: 'for (const connection of core?.connections.all() ?? []) if (connection.userId === userId) connection.wake(kind);',
    test: ['node', GROUPS, 'a hint costs steps'],
  },
  {
    fault: 'F125',
    file: 'src/server/connection/connection.ts',
    from: '    silence.start();\n',
    to: '',
    test: ['node', 'test/unit/server/connection.test.ts', 'has sent nothing for four heartbeats'],
  },
  {
    fault: 'F125',
    file: 'src/server/connection/connection.ts',
    from: 'if (chars > 0) silence.heard();',
    to: 'silence.heard();',
    test: ['node', 'test/unit/server/connection.test.ts', 'has sent nothing for four heartbeats'],
  },
  {
    fault: 'F125',
    file: 'src/server/doors/http.ts',
    from: 'if (frames.length > MAX_FRAMES) return',
    to: 'if (frames.length > Infinity) return',
    test: ['node', BOUNDS, 'more than 256 frames'],
  },
  {
    fault: 'F125',
    file: 'src/server/doors/ws.ts',
    from: 'if (socket.bufferedAmount < HIGH_WATER_BYTES) socket.pong(data);',
    to: 'socket.pong(data);',
    test: ['node', 'test/contract/server-doors.test.ts', 'no more of them than the peer reads'],
  },
  {
    fault: 'F125',
    file: 'src/engine/sync/connection/heartbeat.ts',
    from: 'Math.min(this.heardAt + heartbeatMs, this.saidAt + UNSAID_HEARTBEATS * heartbeatMs)',
    to: 'this.heardAt + heartbeatMs',
    test: ['node', 'test/unit/engine/rest-of-fetch.test.ts', 'receives much and sends nothing still pings'],
  },
];
