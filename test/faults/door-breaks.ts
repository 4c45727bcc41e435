/** Breaks of the rows about the folder, tokens and origins of a server (F122, F123, F128). */
import type { Break } from './breaks.ts';

const FOLDER = 'test/contract/server-store.folder.test.ts';
const LOCK = 'test/unit/server/folder-lock.test.ts';

export const DOOR_BREAKS: readonly Break[] = [
  {
    fault: 'F122',
    file: 'src/server/sql/folder-claim.ts',
    from: `if (reached !== 'unknown') return reached === 'yes';`,
    to: `if (reached !== 'unknown') return false;`,
    test: ['node', LOCK, 'F122.*by nothing else'],
  },
  {
    fault: 'F122',
    file: 'src/server/sql/folder-claim.ts',
    from: `  return beats(folder, token, mine.token, watchMs);`,
    to: `  return false;`,
    test: ['node', LOCK, 'F122.*on another machine'],
  },
  {
    fault: 'F122',
    file: 'src/server/sql/folder-check.ts',
    from: 'const fault = faultOf(pg);',
    to: 'const fault = undefined;',
    test: ['node', FOLDER, 'F122.*no PG_VERSION'],
  },
  {
    fault: 'F122',
    file: 'src/server/sql/pg-control.ts',
    from: 'if (crc32c(',
    to: 'if (false && crc32c(',
    test: ['node', FOLDER, 'F122.*one wrong bit'],
  },
  {
    fault: 'F122',
    file: 'src/server/sql/pglite.ts',
    from: `    throw failureOf(folder, found, error);`,
    to: `    throw error;`,
    test: ['node', FOLDER, 'F122.*only PostgreSQL finds'],
  },
  {
    fault: 'F122',
    file: 'src/server/sql/pglite.ts',
    from: `  writeFileSync(signOfFirstStart(folder), `,
    to: `  void (`,
    test: ['node', FOLDER, 'F122.*was killed'],
  },
];
