/** Breaks of the rows about the folder, tokens and origins of a server (F122, F123, F128). */
import type { Break } from './breaks.ts';

const FOLDER = 'test/contract/server-store.folder.test.ts';
const IDENTIFY = 'test/unit/server/identify.test.ts';
const DOORS = 'test/contract/server.test.ts';
const LOCK = 'test/unit/server/folder-lock.test.ts';

export const DOOR_BREAKS: readonly Break[] = [
  {
    fault: 'F122',
    file: 'src/server/store/sql/folder/folder-claim.ts',
    from: `if (reached !== 'unknown') return reached === 'yes';`,
    to: `if (reached !== 'unknown') return false;`,
    test: ['node', LOCK, 'only by its open socket.*F122'],
  },
  {
    fault: 'F122',
    file: 'src/server/store/sql/folder/folder-claim.ts',
    from: `  return beats(folder, token, mine.token, watchMs);`,
    to: `  return false;`,
    test: ['node', LOCK, 'on another machine.*F122'],
  },
  {
    fault: 'F122',
    file: 'src/server/store/sql/folder/folder-check.ts',
    from: 'const fault = faultOf(pg);',
    to: 'const fault = undefined;',
    test: ['node', FOLDER, 'no PG_VERSION.*F122'],
  },
  {
    fault: 'F122',
    file: 'src/server/store/sql/folder/pg-control.ts',
    from: 'if (crc32c(',
    to: 'if (false && crc32c(',
    test: ['node', FOLDER, 'one wrong bit.*F122'],
  },
  {
    fault: 'F122',
    file: 'src/server/store/sql/pglite.ts',
    from: `    throw failureOf(folder, found, error);`,
    to: `    throw error;`,
    test: ['node', FOLDER, 'found only by PostgreSQL.*F122'],
  },
  {
    fault: 'F122',
    file: 'src/server/store/sql/folder/folder-check.ts',
    from: `  if (kindOf(signOfFirstStart(folder)) === 'file') return 'unfinished';`,
    to: '',
    test: ['node', FOLDER, 'killed first start.*F122'],
  },
  {
    fault: 'F123',
    file: 'src/cli/tokens.ts',
    from: 'jwtVerify(token, secret, { ...SHARED, ...claims })',
    to: 'jwtVerify(token, secret, { ...SHARED })',
    test: ['node', 'test/unit/cli/tokens.test.ts', 'audience.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/cli/tokens.ts',
    from: `  return new AuthError('auth/unavailable', 'the keys cannot be fetched');`,
    to: `  return new AuthError('auth/forbidden', 'the keys cannot be fetched');`,
    test: ['node', 'test/unit/cli/tokens.test.ts', 'answers 500.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/connection/identify.ts',
    from: 'if (expiresAt === null || expiresAt > clock.wall()) return named;',
    to: 'return named;',
    test: ['node', IDENTIFY, 'expired.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/connection/identify.ts',
    from: 'expiresAt > Number.MAX_SAFE_INTEGER ? null : Math.floor(expiresAt)',
    to: 'expiresAt',
    test: ['node', IDENTIFY, 'accepts an expiresAt.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/connection/identify.ts',
    from: `if (typeof userId !== 'string')`,
    to: `if (false as boolean)`,
    test: ['node', IDENTIFY, 'the host’s mistake.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/connection/identify.ts',
    from: 'reject(new LateError(',
    to: 'void (new LateError(',
    test: ['node', IDENTIFY, 'does not answer.*F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/connection/greeting.ts',
    from: `out.failBusy('the token cannot be checked now')`,
    to: `out.fail('auth/forbidden', 'the token cannot be checked now', CLOSE.unauthorized)`,
    test: ['node', 'test/unit/engine/tokens.test.ts', 'F123'],
  },
  {
    fault: 'F123',
    file: 'src/server/submit/submit.ts',
    from: `const ready = read.filter((one) => !waits(one));`,
    to: `const ready = read;`,
    test: ['node', 'test/unit/server/groups.test.ts', 'F123'],
  },
  {
    fault: 'F128',
    file: 'src/server/doors/ws.ts',
    from: `  socket.send(encodeFrame({ type: 'error', code: 'auth/origin-refused', message }));
  socket.close(CLOSE.originRefused, 'auth/origin-refused');`,
    to: `  void message;
  socket.terminate();`,
    test: ['node', DOORS, 'F128'],
  },
  {
    fault: 'F128',
    file: 'src/server/doors/http.ts',
    from: `isAllowed ? origin : '*'`,
    to: `isAllowed ? origin : 'https://nowhere.example'`,
    test: ['chromium', 'test/browser/origin.test.ts', 'F128'],
  },
  {
    fault: 'F128',
    file: 'src/server/server.ts',
    from: '  requireOrigins(allowedOrigins);',
    to: '',
    test: ['node', DOORS, 'unknown to browsers'],
  },
  {
    fault: 'F128',
    file: 'src/engine/sync/connection/disconnect-reason.ts',
    from: '  retryAfterMs: OPERATOR_MS,',
    to: '',
    test: ['node', 'test/unit/engine/network-retry.test.ts', 'F59'],
  },
];
