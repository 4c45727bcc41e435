/** More breaks of the rows about workers, tabs and lifecycle, and about simultaneous writes. */
import type { Break } from './breaks.ts';

const HOSTED = 'test/unit/worker/hosted-account.test.ts';

export const TAB_BREAKS: readonly Break[] = [
  {
    fault: 'F44',
    file: 'src/engine/engine.ts',
    from: 'this.flushes.end(reason);',
    to: 'this.flushes.end();',
    test: ['node', 'test/unit/engine/log-out.test.ts', 'a flush that waits in another tab'],
  },
  {
    fault: 'F44',
    file: 'src/worker/hosted-account.ts',
    from: 'this.refuseAll(closedByLogOut(), closedByLogOut());',
    to: '',
    test: ['node', HOSTED, 'F44'],
  },
  {
    fault: 'F11',
    file: 'src/worker/current-engine.ts',
    from: 'if (this.now === engine) return {',
    to: 'return {',
    test: ['node', HOSTED, 'a flush continues on the new store'],
  },
  {
    fault: 'F11',
    file: 'src/engine/engine.ts',
    from: "if (reason instanceof WipedError && options.pending === 'send') throw reason;",
    to: '',
    test: ['node', HOSTED, 'a log-out with `send` continues on the new store when'],
  },
  {
    fault: 'F29',
    file: 'src/engine/net/net-gate.ts',
    from: 'if (!isClosed && !this.shutForGood) handlers.opened();',
    to: 'handlers.opened();',
    test: ['node', 'test/unit/engine/net-gate.test.ts', 'F29'],
  },
  {
    fault: 'F22',
    file: 'src/engine/write/log-header.ts',
    from: 'a?.version === b.version &&\n  a.compactedUpTo',
    to: 'a?.compactedUpTo',
    test: ['e2e', 'test/e2e/tabs.test.ts', 'F22'],
  },
  {
    fault: 'F22',
    file: 'src/engine/write/log-header.ts',
    from: 'a?.version === b.version &&\n  a.compactedUpTo',
    to: 'a?.compactedUpTo',
    test: ['chromium', 'test/browser/tabs.test.ts', 'F22'],
  },
  {
    fault: 'F27',
    file: 'src/engine/intents/send-message.ts',
    from: 'const known = message.id === undefined ? undefined :',
    to: 'const known = message.id !== undefined ? undefined :',
    test: ['e2e', 'test/e2e/worker-death.test.ts', 'F27'],
  },
  {
    fault: 'F29',
    file: 'src/bridge/watchdog.ts',
    from: 'const DEAD_AFTER_TICKS = 4;',
    to: 'const DEAD_AFTER_TICKS = 1;',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F29'],
  },
  {
    fault: 'F29',
    file: 'src/client/page/page-lifecycle.ts',
    from: `document.addEventListener('resume', () => tell('resumed'), { signal });`,
    to: '',
    test: ['e2e', 'test/e2e/lifecycle.test.ts', 'F29'],
  },
  {
    fault: 'F32',
    file: 'src/engine/sync/leader/leader.ts',
    from: `this.sync.deposed = () => this.handle('deposed');`,
    to: '',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F32'],
  },
  {
    fault: 'F35',
    file: 'src/engine/sync/leader/leader.ts',
    from: 'return this.acquireLock(false);',
    to: 'return;',
    test: ['chromium', 'test/browser/tabs.test.ts', 'F35'],
  },
  {
    fault: 'F35',
    file: 'src/engine/sync/leader/leader.ts',
    from: 'return this.acquireLock(false);',
    to: 'return;',
    test: ['e2e', 'test/e2e/lifecycle.test.ts', 'F35'],
  },
  {
    fault: 'F36',
    file: 'src/engine/sync/outbox/outbox-sender.ts',
    from: `if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent });`,
    to: `for (const key of unsent) draft.change({ t: 'end', key, end: 'confirmed' });`,
    test: ['e2e', 'test/e2e/service-worker.test.ts', 'F36'],
  },
  {
    fault: 'F37',
    file: 'src/engine/headless/with-lead.ts',
    from: 'if (await leaderAnswers(bus, clock)) return false;',
    to: '',
    test: ['node', 'test/unit/engine/headless.test.ts', 'F37'],
  },
  {
    fault: 'F37',
    file: 'src/engine/headless/send-pending.ts',
    from: 'if (!isSent && !(await until(open, isEmpty, PAGE_TIMEOUT_MS)))',
    to: 'if (!isSent && PAGE_TIMEOUT_MS < 0)',
    test: ['node', 'test/unit/engine/headless.test.ts', 'F37'],
  },
];
