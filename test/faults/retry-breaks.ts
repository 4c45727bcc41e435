/** Breaks of the rows about retries and pushes (F115, F116). */
import type { Break } from './breaks.ts';

const REFUSED: Break['test'] = ['node', 'test/unit/engine/refused.test.ts', 'F115'];
const refused = (title: string): Break['test'] => ['node', REFUSED[1], title];

export const RETRY_BREAKS: readonly Break[] = [
  {
    fault: 'F115',
    file: 'src/model/backoff.ts',
    from: 'BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16)',
    to: 'BACKOFF_BASE_MS',
    test: REFUSED,
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/refusals.ts',
    from: '    if (taken.size > 0) this.frames = NOT_REFUSED;',
    to: '    this.frames = NOT_REFUSED;\n    this.queues.clear();',
    test: refused('a client sends refused entries again'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/batch.ts',
    from: 'if (readinessOf(queueOf(entry)) !== wanted) continue;',
    to: "if (wanted === 'joins' || readinessOf(queueOf(entry)) === 'waits') continue;",
    test: ['node', 'test/unit/engine/refused.test.ts', 'refused for long no more often'],
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/feed/feed.ts',
    from: 'this.backoff.failed(retryAfterMs)',
    to: 'retryAfterMs',
    test: refused('repeats refused pulls'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/outbox/send-outbox-over-http.ts',
    from: '- refusedSince > timeoutMs)',
    to: '- refusedSince > timeoutMs * 1000)',
    test: refused('ends within half a minute'),
  },
  {
    fault: 'F115',
    file: 'src/service-worker/index.ts',
    from: 'drainAllAccounts(logged, event.lastChance)',
    to: 'drainAllAccounts(logged)',
    test: ['node', 'test/unit/service-worker/background-sync.test.ts', 'will not repeat'],
  },
  {
    fault: 'F115',
    file: 'src/service-worker/background-sync.ts',
    from: 'isLastChance ? LAST_CHANCE_TIMEOUT_MS : undefined',
    to: 'isLastChance ? LAST_CHANCE_TIMEOUT_MS : LAST_CHANCE_TIMEOUT_MS',
    test: ['node', 'test/unit/service-worker/background-sync.test.ts', 'repeats later'],
  },
  {
    fault: 'F115',
    file: 'src/engine/queries/history.ts',
    from: 'backoff.failed(this.ask.leftAloneMs)',
    to: 'this.ask.leftAloneMs',
    test: refused('an open chat with constant changes'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/feed/fetch-missing.ts',
    from: 'this.backoff.failed(retryAfterMs)',
    to: 'retryAfterMs',
    test: refused('a client repeats refused fetches'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/connection/http-link.ts',
    from: 'this.notHeld.failed(NOT_HELD_MS)',
    to: '150',
    test: refused('answers every waiting pull at once'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/connection/sync.ts',
    from: 'backoffMs(this.failures - 1,',
    to: 'backoffMs(0,',
    test: refused('refuses every request'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/connection/session-token.ts',
    from: 'this.renewIn(this.backoff.failed(), send)',
    to: 'this.renewIn(150, send)',
    test: refused('fails at the renewal of a token'),
  },
  {
    fault: 'F115',
    file: 'src/engine/sync/connection/session-token.ts',
    from: 'Math.max(1000, expiresInMs - RENEW_BEFORE_MS, expiresInMs / 2)',
    to: 'Math.max(0, expiresInMs - RENEW_BEFORE_MS)',
    test: refused('the same short token'),
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
  {
    fault: 'F116',
    file: 'src/engine/headless/with-lead.ts',
    from: "onLost: () => resolve('lost')",
    to: "onLost: () => reject(new Error('lost'))",
    test: ['node', 'test/unit/service-worker/push.test.ts', 'F116'],
  },
  {
    fault: 'F116',
    file: 'src/service-worker/push.ts',
    from: '(news ??= this.showNews(open, isCaughtUp))',
    to: '(news = this.showNews(open, isCaughtUp))',
    test: ['node', 'test/unit/service-worker/push.test.ts', 'F116'],
  },
];
