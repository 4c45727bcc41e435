/** Breaks of the rows about calls in one turn, closed clients, and clients without a browser (F111, F118, F129, F134). */
import type { Break } from './breaks.ts';

const ORDER: Break['test'] = ['node', 'test/unit/bridge/order.test.ts', 'F111'];
const NO_BROWSER = (row: string): Break['test'] => ['node', 'test/unit/client/no-browser.test.ts', row];
const CLOSING: Break['test'] = ['node', 'test/unit/bridge/closing.test.ts', 'F118'];

export const ORDER_BREAKS: readonly Break[] = [
  {
    fault: 'F111',
    file: 'src/bridge/connect.ts',
    from: `    this.batch = null;
    return this.requests.add(ask, mayEnd);`,
    to: '    return this.requests.add(ask, mayEnd);',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/bridge/request-queue.ts',
    from: 'if (mayEnd) await answered;',
    to: 'void mayEnd, answered;',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/engine/write/writer.ts',
    from: 'this.turn(async () => resolve(ask())).catch(reject);',
    to: '(async () => resolve(ask()))().catch(reject);',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/worker/hosted-account.ts',
    from: 'await Promise.all([this.writes.settledWithin(WRITE_TIMEOUT_MS, clock), this.questions.settledWithin(ANSWER_TIMEOUT_MS, clock)]);',
    to: 'void clock;',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/worker/hosted-account.ts',
    from: 'this.questions.refuse(noAnswer);',
    to: 'void noAnswer;',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/engine/account/log-out.ts',
    from: '      flushes.end();\n',
    to: '',
    test: ORDER,
  },
  {
    fault: 'F111',
    file: 'src/bridge/connect.ts',
    from: 'if (setsAtStart) this.request(',
    to: 'if (setsAtStart && this.isUp) this.request(',
    test: ['node', 'test/unit/bridge/closing.test.ts', 'F111'],
  },
  {
    fault: 'F111',
    file: 'src/client/account-client.ts',
    from: 'if (openCalls.length > 0) await Promise.all(openCalls);',
    to: '',
    test: ['chromium', 'test/browser/closing.test.ts', 'F111'],
  },
  {
    fault: 'F118',
    file: 'src/bridge/connect.ts',
    from: 'if (this.requests.isIdle && !this.isUp) return this.finish();',
    to: '',
    test: CLOSING,
  },
  {
    fault: 'F118',
    file: 'src/bridge/workers.ts',
    from: '    this.requireOpen();\n    this.first',
    to: '    this.first',
    test: CLOSING,
  },
  {
    fault: 'F118',
    file: 'src/client/client.ts',
    from: '  requirePage(options.worker !== undefined);\n',
    to: '',
    test: NO_BROWSER('F118'),
  },
  {
    fault: 'F134',
    file: 'src/client/client.ts',
    from: 'if (hasNoBrowser()) return clientOf(userId, openWithoutBrowser(), bodySchema);',
    to: '',
    test: NO_BROWSER('F134'),
  },
  {
    fault: 'F134',
    file: 'src/client/no-browser.ts',
    from: 'intent: refuse,',
    to: 'intent: async () => undefined as never,',
    test: NO_BROWSER('F134'),
  },
  {
    fault: 'F129',
    file: 'src/client/account-client.ts',
    from: 'if (closed === closedByApp) throw closedByApp();',
    to: '',
    test: ['chromium', 'test/browser/closing.test.ts', 'F129'],
  },
  {
    fault: 'F129',
    file: 'src/client/account-client.ts',
    from: 'if (closed) throw closed();',
    to: '',
    test: ['chromium', 'test/browser/closing.test.ts', 'F129'],
  },
];
