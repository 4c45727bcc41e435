/** More breaks of the rows about the network, and about power. */
import type { Break } from './breaks.ts';

export const NETWORK_BREAKS: readonly Break[] = [
  {
    fault: 'F14',
    file: 'src/engine/sync/outbox/outbox-sender.ts',
    from: `kind === 'message' && !sent)`,
    to: `kind === 'message' && sent)`,
    test: ['node', 'test/unit/engine/power-loss.test.ts', 'F14'],
  },
  {
    fault: 'F46',
    file: 'src/engine/sync/connection/heartbeat.ts',
    from: 'handlers.silent();',
    to: '',
    test: ['journeys', 'test/e2e/half-open.test.ts', 'F46'],
  },
  {
    fault: 'F49',
    file: 'src/engine/apply/apply-changes.ts',
    from: 'if (frame.from === null || frame.from !== draft.model.cursor)',
    to: 'if (frame.from === null)',
    // Either would do.
    also: [
      {
        file: 'src/engine/apply/apply-messages.ts',
        from: 'messages.filter((message) => !contains(storedSeqs, message.seq))',
        to: 'messages.filter(() => true)',
      },
    ],
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F49'],
  },
  {
    fault: 'F50',
    file: 'src/engine/apply/apply-changes.ts',
    from: 'if (frame.from === null || frame.from !== draft.model.cursor)',
    to: 'if (frame.from === null)',
    // Either would do.
    also: [
      {
        file: 'src/engine/apply/apply-messages.ts',
        from: 'messages.filter((message) => !contains(storedSeqs, message.seq))',
        to: 'messages.filter(() => true)',
      },
    ],
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F50'],
  },
  {
    fault: 'F46',
    file: 'src/engine/sync/connection/heartbeat.ts',
    from: 'this.pingedAt = null;\n    this.cancel();',
    to: 'this.cancel();',
    test: ['node', 'test/unit/engine/network-line.test.ts', 'F46'],
  },
];
