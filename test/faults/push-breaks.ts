/** Breaks of the rows about pushes: without a notification (F131), and during a log-out (F142). */
import type { Break } from './breaks.ts';

export const PUSH_BREAKS: readonly Break[] = [
  {
    fault: 'F131',
    file: 'src/protocol/push.ts',
    from: 'export const PushShape = v.object({',
    to: 'export const PushShape = v.strictObject({',
    test: ['node', 'test/unit/protocol/codec.test.ts', 'F131'],
  },
  {
    fault: 'F131',
    file: 'src/service-worker/push.ts',
    from: '    return notice.showPlain().finally(notice.close);\n',
    to: '    return notice.close();\n',
    test: ['node', 'test/unit/service-worker/silent-pushes.test.ts', 'F131'],
  },
  {
    fault: 'F131',
    file: 'src/service-worker/push.ts',
    from: '    await this.alone(() => this.notice.showPlain());\n',
    to: '',
    also: [{ file: 'src/service-worker/push.ts', from: '  await taking.alone(() => notice.showPlain());\n', to: '' }],
    test: ['node', 'test/unit/service-worker/silent-pushes.test.ts', 'F131'],
  },
  {
    fault: 'F131',
    file: 'src/service-worker/index.ts',
    from: 'return text !== undefined && readPush(text) !== null;',
    to: 'return text !== undefined;',
    test: ['node', 'test/unit/service-worker/guide.test.ts', 'F131'],
  },
  {
    fault: 'F142',
    file: 'src/engine/write/writer.ts',
    from: '      if (!first) throw new WipedError();\n',
    to: '',
    also: [{ file: 'src/engine/write/writer.ts', from: 'ports.random.id(), first));', to: 'ports.random.id(), first ?? []));' }],
    test: ['node', 'test/unit/engine/headless.test.ts', 'F142'],
  },
];
