/** Breaks of the rows about hostile input and load (F98–F109). */
import type { Break } from './breaks.ts';

const CODEC = 'test/unit/protocol/codec.test.ts';
const CONNECTION = 'test/unit/server/connection.test.ts';
const DOORS = 'test/contract/server.test.ts';

export const HOSTILE_BREAKS: readonly Break[] = [
  {
    fault: 'F98',
    file: 'src/server/doors/ws.ts',
    from: 'maxPayload: MAX_CLIENT_FRAME_BYTES,',
    to: 'maxPayload: 100 * 1024 * 1024,',
    test: ['node', DOORS, 'F98'],
  },
  { fault: 'F99', file: 'src/server/doors/ws.ts', from: 'maxFragments: 64,', to: 'maxFragments: 131_072,', test: ['node', DOORS, 'F99'] },
  {
    fault: 'F100',
    file: 'src/server/doors/ws.ts',
    from: 'perMessageDeflate: false,',
    to: 'perMessageDeflate: true,',
    test: ['node', DOORS, 'F100'],
  },
  {
    fault: 'F101',
    file: 'src/protocol/codec.ts',
    from: 'if (depthOf(text) > MAX_DEPTH)',
    to: 'if (depthOf(text) > 1_000_000)',
    test: ['node', CODEC, 'F101'],
  },
  {
    fault: 'F102',
    file: 'src/protocol/submit.ts',
    from: 'entries: v.pipe(v.array(v.looseObject({ key: Key })), v.minLength(1), v.maxLength(500)),',
    to: 'entries: v.pipe(v.array(v.looseObject({ key: Key })), v.minLength(1)),',
    test: ['node', CODEC, 'F102'],
  },
  {
    fault: 'F102',
    file: 'src/server/doors/ws.ts',
    from: 'maxPayload: MAX_CLIENT_FRAME_BYTES,',
    to: 'maxPayload: 100 * 1024 * 1024,',
    test: ['node', DOORS, 'F102'],
  },
  {
    fault: 'F103',
    file: 'src/protocol/codec.ts',
    from: 'if (key in Object.prototype) return key;',
    to: '',
    test: ['node', CODEC, 'F103'],
  },
  {
    fault: 'F104',
    file: 'src/model/ids.ts',
    from: 'const FORBIDDEN = /[\\p{Cc}\\p{Cs}\\uFEFF]/u;',
    to: 'const FORBIDDEN = /[\\uFEFF]/u;',
    test: ['node', CODEC, 'F104'],
  },
  {
    fault: 'F105',
    file: 'src/server/connection/greeting.ts',
    from: 'if (frame.version !== PROTOCOL_VERSION)',
    to: 'if (frame.version < 0)',
    test: ['node', DOORS, 'F105'],
  },
  {
    fault: 'F106',
    file: 'src/protocol/codec.ts',
    from: 'read(ServerFrameShape, parseJson(text))',
    to: '(parseJson(text) as ServerFrame)',
    test: ['node', CODEC, 'F106'],
  },
  {
    fault: 'F107',
    file: 'src/server/connection/allowance.ts',
    from: `return ms > 0 ? { why: 'too much at once', ms } : undefined;`,
    to: 'return undefined;',
    test: ['node', DOORS, 'F107'],
  },
  {
    fault: 'F108',
    file: 'src/server/connection/greeting.ts',
    from: 'const HELLO_WITHIN_MS = 10_000;',
    to: 'const HELLO_WITHIN_MS = 60_000;',
    test: ['node', CONNECTION, 'F108'],
  },
  {
    fault: 'F109',
    file: 'src/server/connection/outgoing.ts',
    from: 'const STALLED_AFTER_MS = 10_000;',
    to: 'const STALLED_AFTER_MS = 10_000_000;',
    test: ['node', CONNECTION, 'F109'],
  },
];
