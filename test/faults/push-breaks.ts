/** Breaks of the row about pushes that show nothing (F131). */
import type { Break } from './breaks.ts';

export const PUSH_BREAKS: readonly Break[] = [
  {
    fault: 'F131',
    file: 'src/protocol/push.ts',
    from: 'export const PushShape = v.object({',
    to: 'export const PushShape = v.strictObject({',
    test: ['node', 'test/unit/protocol/codec.test.ts', 'F131'],
  },
];
