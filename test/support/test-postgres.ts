/** A PostgreSQL of its own for the tests, with the programs of the Debian package, in a temporary folder. */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Pool, type PoolConfig } from 'pg';

const VERSIONS = '/usr/lib/postgresql';

/** The folder of the programs of the newest installed PostgreSQL; `undefined` if there is none. */
export const findPostgres = (): string | undefined => {
  const [newest] = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const programs = newest === undefined ? undefined : join(VERSIONS, newest, 'bin');
  return programs !== undefined && existsSync(join(programs, 'initdb')) ? programs : undefined;
};

export const MISSING_POSTGRES = 'PostgreSQL is missing: apt-get install postgresql. Its tests did not run';

export interface TestPostgres {
  /** The file of its socket. */
  readonly socket: string;
  /** The id of its first process, the parent of all others. */
  readonly pid: number;
  pool(database: string, config?: PoolConfig): Pool;
  createDatabase(name: string): void;
  /** A copy of a database, as from a backup. */
  copyDatabase(from: string, to: string): void;
  /** Ends the database until `restart`: all connections break. */
  pause(): void;
  /** Restarts the database: all connections break. */
  restart(): void;
  /** Restarts the database as a standby that took over does: it ends a recovery, and goes on on a timeline of its own. */
  restartOnNewTimeline(): void;
  stop(): void;
}

/** @param more settings of the server, as its command line takes them. Without any, a commit does not wait for the disk. */
export const startPostgres = (more = '-c fsync=off'): TestPostgres => {
  const programs = findPostgres();
  if (programs === undefined) throw new Error(MISSING_POSTGRES);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pg-'));
  const isRoot = userInfo().uid === 0;
  const run = (program: string, ...args: readonly string[]): string => {
    const command = [program === 'touch' ? program : join(programs, program), ...args];
    const quoted = command.map((part) => `'${part}'`).join(' ');
    // PostgreSQL refuses to run as root.
    const [file = '', ...list] = isRoot ? ['su', 'postgres', '-c', quoted] : command;
    return execFileSync(file, list, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  if (isRoot) {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const data = join(folder, 'data');
  const settings = `-c listen_addresses= -c unix_socket_directories=${folder} -c max_connections=60 ${more}`;
  run('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C');
  run('pg_ctl', '-D', data, '-o', settings, '-l', join(folder, 'log'), '-w', 'start');
  const host = ['-h', folder, '-U', 'postgres'];
  return {
    socket: join(folder, '.s.PGSQL.5432'),
    get pid() {
      return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    },
    pool: (database, config = {}) => {
      const pool = new Pool({ host: folder, user: 'postgres', database, max: 8, ...config });
      // Idle connections break when a test stops the database, also after the store has closed.
      pool.on('error', () => undefined);
      return pool;
    },
    createDatabase: (name) => void run('createdb', ...host, name),
    copyDatabase: (from, to) => {
      const dump = join(folder, `${to}.dump`);
      run('pg_dump', ...host, '-Fc', '-f', dump, from);
      run('createdb', ...host, to);
      run('pg_restore', ...host, '-d', to, dump);
    },
    pause: () => void run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop'),
    restart: () => void run('pg_ctl', '-D', data, '-o', settings, '-l', join(folder, 'log'), '-m', 'immediate', '-w', 'restart'),
    restartOnNewTimeline: () => {
      run('pg_ctl', '-D', data, '-m', 'fast', '-w', 'stop');
      run('touch', join(data, 'recovery.signal'));
      run('pg_ctl', '-D', data, '-o', `${settings} -c restore_command=false`, '-l', join(folder, 'log'), '-w', 'start');
    },
    stop: () => {
      run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
