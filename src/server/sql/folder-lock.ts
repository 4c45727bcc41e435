/**
 * One process per folder: PGlite itself would let a second one in, and rows acknowledged by the first would be lost (F73). A lock
 * whose holder is dead is taken over, one whose holder lives never is.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Held by this process: after a restart inside a container the old holder's pid may be our own. */
const heldHere = new Set<string>();

/** What the system tells of a process, where it does: a pid alone may since have been given to another. */
const lookUp = (pid: number): { readonly dead: boolean; readonly started: string | null } => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process keeps its pid until its parent looks: it holds nothing any more.
    return { dead: state === 'Z' || state === 'X', started: rest[18] ?? null };
  } catch {
    return { dead: false, started: null };
  }
};

interface Holder {
  readonly pid: number;
  readonly started: string | null;
}

const readHolder = (file: string): Holder | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return undefined;
    return { pid: value.pid, started: 'started' in value && typeof value.started === 'string' ? value.started : null };
  } catch {
    return undefined;
  }
};

const isAlive = (file: string, { pid, started }: Holder): boolean => {
  if (pid === process.pid) return heldHere.has(file);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const now = lookUp(pid);
  return !now.dead && (started === null || now.started === null || now.started === started);
};

const create = (file: string): boolean => {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, started: lookUp(process.pid).started }), { mode: 0o600 });
  try {
    linkSync(own, file); // whole or not at all: nobody ever reads half a lock
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
};

/**
 * @returns How to release it.
 * @throws {Error} naming the pid that holds it.
 */
export const lockFolder = (file: string): (() => void) => {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (create(file)) {
      heldHere.add(file);
      return () => {
        heldHere.delete(file);
        rmSync(file, { force: true });
      };
    }
    const holder = readHolder(file);
    if (holder && isAlive(file, holder)) throw new Error(`${file} is held by process ${holder.pid}: one server per folder`);
    // Of several that find it dead one gets it; if it was renewed meanwhile, it goes back where it was.
    const aside = `${file}.dead.${process.pid}`;
    try {
      renameSync(file, aside);
    } catch {
      continue;
    }
    const moved = readHolder(aside);
    if (moved && isAlive(file, moved)) {
      try {
        linkSync(aside, file);
      } catch {
        // a third one was faster
      }
    }
    rmSync(aside, { force: true });
  }
  throw new Error(`${file} changes hands all the time: one server per folder`);
};
