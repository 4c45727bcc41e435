/**
 * The code broken on purpose, each time by a mistake of a developer: the named test must find it.
 * `npm run faults:break`.
 */
import { DOOR_BREAKS } from './door-breaks.ts';
import { ENCRYPTION_BREAKS } from './encryption-breaks.ts';
import { HOSTILE_BREAKS } from './hostile-breaks.ts';
import { ID_BREAKS } from './id-breaks.ts';
import { LOAD_BREAKS } from './load-breaks.ts';
import { NETWORK_BREAKS } from './network-breaks.ts';
import { ORDER_BREAKS } from './order-breaks.ts';
import { PACKAGE_BREAKS } from './package-breaks.ts';
import { PUSH_BREAKS } from './push-breaks.ts';
import { RECEIPT_BREAKS } from './receipt-breaks.ts';
import { RETENTION_BREAKS } from './retention-breaks.ts';
import { RETRY_BREAKS } from './retry-breaks.ts';
import { SCATTERED_BREAKS } from './scattered-breaks.ts';
import { SERVER_BREAKS } from './server-breaks.ts';
import { SETTINGS_BREAKS } from './settings-breaks.ts';
import { STATE_BREAKS } from './state-breaks.ts';
import { STORAGE_BREAKS } from './storage-breaks.ts';
import { TAB_BREAKS } from './tab-breaks.ts';

export interface Place {
  readonly file: string;
  /** This text stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Break extends Place {
  /** The fault of the break. */
  readonly fault: string;
  /** Other places against the same fault, broken together with this place. */
  readonly also?: readonly Place[];
  /** The arguments for Vitest: a project, a file, and a part of the title for `-t`. */
  readonly test: readonly [project: 'node' | 'chromium' | 'firefox' | 'webkit' | 'journeys' | 'e2e', file: string, title: string];
}

export const BREAKS: readonly Break[] = [
  ...DOOR_BREAKS,
  ...ENCRYPTION_BREAKS,
  ...HOSTILE_BREAKS,
  ...ID_BREAKS,
  ...LOAD_BREAKS,
  ...NETWORK_BREAKS,
  ...ORDER_BREAKS,
  ...PACKAGE_BREAKS,
  ...PUSH_BREAKS,
  ...RECEIPT_BREAKS,
  ...RETENTION_BREAKS,
  ...RETRY_BREAKS,
  ...SCATTERED_BREAKS,
  ...SERVER_BREAKS,
  ...SETTINGS_BREAKS,
  ...STATE_BREAKS,
  ...STORAGE_BREAKS,
  ...TAB_BREAKS,
  {
    fault: 'F31',
    file: 'src/engine/write/group-commit.ts',
    from: 'if (fence === undefined || fence === header.fence)',
    to: 'if (fence !== -1)',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F31'],
  },
  {
    fault: 'F28',
    file: 'src/store/connection.ts',
    from: 'close: () => closing.close(),',
    to: 'close: () => db.close(),',
    test: ['node', 'test/unit/store/transactions.test.ts', 'F28'],
  },
  {
    fault: 'F30',
    file: 'src/engine/sync/leader/leader.ts',
    from: 'return this.acquireLock(true);',
    to: 'return this.acquireLock(false);',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F30'],
  },
  {
    fault: 'F34',
    file: 'src/engine/sync/leader/leader-states.ts',
    from: `park: cell('parked', ...LEAVE[state]),`,
    to: `park: cell('parked'),`,
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F34'],
  },
  {
    fault: 'F18',
    file: 'src/store/memory-store.ts',
    from: 'undo.push(() => void (before ? rows.set(id, before) : rows.delete(id)));',
    to: '',
    test: ['node', 'test/contract/store.memory.test.ts', 'F18'],
  },
  {
    fault: 'F19',
    file: 'src/model/message/message.ts',
    from: '0000|d[89a-f][0-9a-f]{2}',
    to: 'd[89a-f][0-9a-f]{2}',
    test: ['chromium', 'test/browser/client.test.ts', 'F19'],
  },
  {
    fault: 'F28',
    file: 'src/bridge/worker-life.ts',
    from: 'this.waiting.add(reject);\n      ask(',
    to: 'ask(',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F28'],
  },
  {
    fault: 'F44',
    file: 'src/bridge/connect.ts',
    from: 'return (await this.workers.current()).call((api) => api.logOut(options));',
    to: 'throw error;',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F44'],
  },
  {
    fault: 'F53',
    file: 'src/engine/sync/connection/transport-fallback.ts',
    from: 'const MISSES = 2;',
    to: 'const MISSES = 1_000_000;',
    test: ['node', 'test/unit/engine/network-http.test.ts', 'F53'],
  },
  {
    fault: 'F30',
    file: 'src/engine/headless/with-lead.ts',
    from: "return (await runWithLock(locks, lockName, true, task)) === 'ended';",
    to: "return (await runWithLock(locks, lockName, false, task)) === 'ended';",
    test: ['node', 'test/unit/engine/headless.test.ts', 'F30'],
  },
  {
    fault: 'F38',
    file: 'src/engine/sync/leader/leader.ts',
    from: 'if (this.writer.model.paused) this.sync.stop();',
    to: 'if (true) this.sync.stop();',
    test: ['e2e', 'test/e2e/service-worker.test.ts', 'F38'],
  },
  {
    fault: 'F23',
    file: 'src/engine/account/follow-other-tabs.ts',
    from: '    if (!isParked && (!isHidden || isLeading())) refresh();',
    to: '',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F23'],
  },
  {
    fault: 'F23',
    file: 'src/engine/write/synced-state.ts',
    from: '      unpublished.events.push(...this.model.events.filter(({ number }) => number > eventCount));\n',
    to: '',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F23'],
  },
  {
    fault: 'F33',
    file: 'src/engine/sync/leader/leader-states.ts',
    from: `'leader-silent': cell('claiming', ...CLAIM),`,
    to: `'leader-silent': cell('standby', 'watch'),`,
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F33'],
  },
  {
    fault: 'F39',
    file: 'src/engine/sync/leader/leader-watch.ts',
    from: 'const stoodStill = late && !this.wasLate;',
    to: 'const stoodStill = false;',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F39'],
  },
  {
    fault: 'F54',
    file: 'src/engine/sync/connection/session-token.ts',
    from: 'if (this.ports.clock.mono() >= this.renewalAt) this.tokens.forget();',
    to: '',
    test: ['node', 'test/unit/engine/tabs.test.ts', 'F54'],
  },
  {
    fault: 'F43',
    file: 'src/bridge/expose.ts',
    from: 'if (version !== VERSION) return',
    to: `if (version === 'never') return`,
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F43'],
  },
  {
    fault: 'F42',
    file: 'src/bridge/serve-streams.ts',
    from: 'const MAX_UNSHOWN_MESSAGES = 4;',
    to: 'const MAX_UNSHOWN_MESSAGES = Infinity;',
    test: ['node', 'test/unit/bridge/streams.test.ts', 'F42'],
  },
  {
    fault: 'F45',
    file: 'src/bridge/serve-streams.ts',
    from: 'again = setTimeout(begin,',
    to: 'void (() => begin,',
    test: ['node', 'test/unit/bridge/streams.test.ts', 'F45'],
  },
  {
    fault: 'F45',
    file: 'src/engine/views/events.ts',
    from: "error.code !== 'store/unavailable'",
    to: 'error.code !== undefined',
    test: ['node', 'test/unit/engine/events.test.ts', 'F45'],
  },
  {
    fault: 'F48',
    file: 'src/engine/sync/connection/transport-fallback.ts',
    from: 'if (id === this.linkId) inUse(...args);',
    to: 'if (true) inUse(...args);',
    also: [
      {
        file: 'src/engine/sync/connection/transport-fallback-states.ts',
        from: "frame: go('closed'),",
        to: "frame: go('closed', 'tell-frame'),",
      },
    ],
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F48'],
  },
  {
    fault: 'F51',
    file: 'src/engine/sync/connection/heartbeat.ts',
    from: 'if (this.pingedAt === null) return this.ping();',
    to: 'if (this.pingedAt === null) return;',
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F51'],
  },
  {
    fault: 'F52',
    file: 'src/transport/http.ts',
    from: `redirect: 'error'`,
    to: `redirect: 'follow'`,
    test: ['node', 'test/unit/transport/http.test.ts', 'F52'],
  },
  {
    fault: 'F55',
    file: 'src/engine/sync/timing/frame-size.ts',
    from: 'const START_BYTES = 16 * 1024;',
    to: 'const START_BYTES = 1024 * 1024;',
    test: ['node', 'test/unit/engine/network-line.test.ts', 'F55'],
  },
  {
    fault: 'F56',
    file: 'src/model/backoff.ts',
    from: 'random * Math.max(cap, retryAfterMs)',
    to: 'Math.min(cap, random * 500 * 2 ** Math.min(attempt, 16))',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'F56'],
  },
  {
    fault: 'F56',
    file: 'src/engine/sync/connection/sync.ts',
    from: 'this.nudgesFrom = due + NUDGE_GAP_MS;',
    to: 'void NUDGE_GAP_MS;',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'about one attempt a second'],
  },
  {
    fault: 'F56',
    file: 'src/engine/sync/connection/sync.ts',
    from: 'this.nudgesFrom = Math.max(due, now + retryAfterMs);',
    to: '',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'about one attempt a second'],
  },
  {
    fault: 'F57',
    file: 'src/engine/sync/connection/sync.ts',
    from: 'this.failures = 0;\n        return;',
    to: 'return;',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'F57'],
  },
  {
    fault: 'F59',
    file: 'src/protocol/close-codes.ts',
    from: '(code >= 3500 && code <= 3999) ||',
    to: '',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'F59'],
  },
  {
    fault: 'F60',
    file: 'src/engine/sync/feed/feed.ts',
    from: 'return this.snapshot[this.snapshot.length - 1]?.to ?? null;',
    to: 'return null;',
    test: ['node', 'test/unit/engine/network-line.test.ts', 'F60'],
  },
  {
    fault: 'F40',
    file: 'src/ports/ports.ts',
    from: 'const MAX_TIMER_MS = 2 ** 31 - 1;',
    to: 'const MAX_TIMER_MS = 2 ** 40;',
    test: ['node', 'test/unit/platform/browser-ports.test.ts', 'F40'],
  },
  {
    fault: 'F47',
    file: 'src/engine/sync/outbox/outbox-sender-states.ts',
    from: `stop: go('stopped', 'drop-batch')`,
    to: `stop: go('in-flight')`,
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F47'],
  },
  {
    fault: 'F58',
    file: 'src/engine/sync/outbox/outbox-sender.ts',
    from: 'Math.min(limits.frameBytes, this.frameSize.bytes)',
    to: '1_000_000_000',
    test: ['node', 'test/unit/engine/network-line.test.ts', 'F58'],
  },
];
