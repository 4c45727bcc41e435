/** Every kind of error comes out as each vendor's code. */
import { describe, expect, it } from 'vitest';
import { emError } from '../../../src/compat/easemob-flutter/errors.ts';
import { easemobError } from '../../../src/compat/easemob/errors.ts';
import { RefusedError } from '../../../src/compat/server-answers.ts';
import { chatError } from '../../../src/compat/tencent/errors.ts';
import { zimError } from '../../../src/compat/zim/errors.ts';
import { type ErrorCode, errorOf } from '../../../src/errors.ts';

interface Kind {
  readonly kind: string;
  readonly code: ErrorCode;
  readonly web: number;
  /** Easemob Web has one code for three refusals, and apps look at the text. */
  readonly text?: string;
  readonly flutter: number;
  readonly tencent: number;
  readonly zim: number;
}

const NOT_FOUND = 'group ack msg not found';

// prettier-ignore
const KINDS: readonly Kind[] = [
  { kind: 'not enabled', code: 'rejected/group-receipts-disabled', web: 503, text: 'group ack not open', flutter: 505, tencent: 10_059, zim: 6_000_013 },
  { kind: 'unsupported', code: 'rejected/unsupported', web: 505, flutter: 505, tencent: 2998, zim: 6_000_013 },
  { kind: 'permission', code: 'rejected/permission-denied', web: 503, text: 'group ack msg permission denied', flutter: 603, tencent: 10_007, zim: 6_000_013 },
  { kind: 'expired', code: 'rejected/receipt-expired', web: 503, text: NOT_FOUND, flutter: 506, tencent: 10_062, zim: 6_000_277 },
  { kind: 'not found', code: 'rejected/unknown-message', web: 503, text: NOT_FOUND, flutter: 500, tencent: 10_062, zim: 6_000_277 },
  { kind: 'recalled', code: 'rejected/message-recalled', web: 503, text: NOT_FOUND, flutter: 500, tencent: 10_062, zim: 6_000_277 },
  { kind: 'no conversation', code: 'rejected/no-such-conversation', web: 603, flutter: 603, tencent: 2500, zim: 6_000_603 },
  { kind: 'too large', code: 'rejected/too-large', web: 511, flutter: 110, tencent: 80_002, zim: 6_000_001 },
  { kind: 'bad argument', code: 'usage/invalid-argument', web: 205, flutter: 110, tencent: 2999, zim: 6_000_001 },
  { kind: 'offline', code: 'transport/unreachable', web: 16, flutter: 2, tencent: 2805, zim: 6_000_104 },
  { kind: 'connection lost', code: 'transport/closed', web: 510, flutter: 300, tencent: 2800, zim: 6_000_104 },
  { kind: 'timeout', code: 'transport/timeout', web: 512, flutter: 301, tencent: 2801, zim: 6_000_105 },
  { kind: 'token', code: 'auth/expired', web: 700, flutter: 201, tencent: 2024, zim: 6_000_121 },
  { kind: 'no token', code: 'auth/unavailable', web: 700, flutter: 201, tencent: 2024, zim: 6_000_121 },
  { kind: 'logged out', code: 'usage/closed', web: 39, flutter: 201, tencent: 2024, zim: 6_000_121 },
  { kind: 'storage', code: 'store/unavailable', web: 800, flutter: 3, tencent: 2999, zim: 6_000_008 },
];

describe.each(KINDS)('an error of the kind "$kind"', ({ code, web, text, flutter, tencent, zim }) => {
  // A refusal reaches a call as the server's answer, or as an error of the call itself.
  const errors = [errorOf(code, 'the reason'), ...(code.startsWith('rejected/') ? [new RefusedError(code, ['m1'])] : [])];

  it.each(errors)('comes out as each vendor’s code, from %o', (error) => {
    expect(easemobError(error)).toMatchObject({ type: web, ...(text === undefined ? {} : { message: text }) });
    expect(emError(error).code).toBe(flutter);
    expect(chatError(error).code).toBe(tencent);
    expect(zimError(error).code).toBe(zim);
  });
});
