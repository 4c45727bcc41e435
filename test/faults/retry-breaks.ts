/** Breaks of the rows about retries and pushes (F115, F116). */
import type { Break } from './breaks.ts';

export const RETRY_BREAKS: readonly Break[] = [
  {
    fault: 'F115',
    file: 'src/model/backoff.ts',
    from: 'BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16)',
    to: 'BACKOFF_BASE_MS',
    test: ['node', 'test/unit/engine/refused.test.ts', 'F115'],
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/refusals.ts',
    from: '    if (taken.size > 0) this.frames = NOT_REFUSED;',
    to: '    this.frames = NOT_REFUSED;\n    this.conversations.clear();',
    test: ['node', 'test/unit/engine/refused.test.ts', 'a client sends refused entries again'],
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/batch.ts',
    from: 'if (turnOf(entry.conversationId) !== turn) continue;',
    to: "if (turn === 'joins' || turnOf(entry.conversationId) === 'waits') continue;",
    test: ['node', 'test/unit/engine/refused.test.ts', 'refused for long no more often'],
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/feed/feed.ts',
    from: 'this.backoff.failed(retryAfterMs)',
    to: 'retryAfterMs',
    test: ['node', 'test/unit/engine/refused.test.ts', 'repeats refused pulls'],
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/send-outbox-over-http.ts',
    from: '- refusedSince > timeoutMs)',
    to: '- refusedSince > timeoutMs * 1000)',
    test: ['node', 'test/unit/engine/refused.test.ts', 'ends within half a minute'],
  },
  {
    fault: 'F116',
    file: 'src/service-worker/push.ts',
    from: '      if (error instanceof LoggedOutError) throw error;\n      this.failures',
    to: '      if (error) throw error;\n      this.failures',
    test: ['node', 'test/unit/service-worker/push.test.ts', 'F116'],
  },
  {
    fault: 'F116',
    file: 'src/service-worker/push.ts',
    from: '    await this.alone(() => this.notice.showPlain());\n',
    to: '',
    also: [{ file: 'src/service-worker/push.ts', from: '  await taking.alone(() => notice.showPlain());\n', to: '' }],
    test: ['node', 'test/unit/service-worker/push.test.ts', 'F116'],
  },
];
