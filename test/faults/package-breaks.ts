/** Breaks of the rows about the start of the worker (F127). */
import type { Break } from './breaks.ts';

export const PACKAGE_BREAKS: readonly Break[] = [
  {
    fault: 'F127',
    file: 'src/bridge/worker-lives.ts',
    from: 'if (!failure) continue;',
    to: 'if (!failure) throw error;',
    test: ['node', 'test/unit/bridge/connect.test.ts', 'F127'],
  },
  {
    fault: 'F127',
    file: 'src/client/worker-start/own-workers.ts',
    from: 'if (failure === null) return null;',
    to: '',
    test: ['journeys', 'test/package/worker-start.test.ts', 'F127'],
  },
  {
    fault: 'F127',
    file: 'src/client/worker-start/own-workers.ts',
    from: 'if (!file) return null;',
    to: 'if (!file) return error;',
    test: ['journeys', 'test/package/worker-start.test.ts', 'the worker starts from its file (F127)'],
  },
  {
    fault: 'F127',
    file: 'src/client/worker-start/trusted-script.ts',
    from: '(policy ??= createPolicy()).createScriptURL(url)',
    to: 'url',
    test: ['journeys', 'test/package/worker-start.test.ts', 'under Trusted Types that allow the policy'],
  },
  {
    fault: 'F127',
    file: 'src/client/worker-start/script-try.ts',
    from: "(this.isForbiddenByCsp ||= event.effectiveDirective === 'worker-src')",
    to: 'undefined',
    test: ['journeys', 'test/package/worker-start.test.ts', 'Content-Security-Policy forbids workers'],
  },
  {
    fault: 'F127',
    file: 'src/client/worker-start/explain-start.ts',
    from: 'if (!ok) return',
    to: "if (ok) return 'its text is wrong'; else return",
    test: ['journeys', 'test/package/worker-start.test.ts', 'answers with a page and a policy forbids the copy'],
  },
  {
    fault: 'F127',
    file: 'package.json',
    from: '"./worker": "./dist/worker/index.js",',
    to: '',
    test: ['journeys', 'test/package/published.test.ts', 'bundlers that do not read'],
  },
];
