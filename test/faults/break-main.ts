/** `npm run faults:break`: breaks the code in a copy, one place after the other, and expects the named test to fail. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Break, BREAKS, type Place } from './breaks.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MOST_MS = 300_000;

/** Copies the working tree without the files ignored by git, and links the dependencies. */
const copyTree = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'tidemark-break-'));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  for (const file of files.split('\0')) if (file !== '' && existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(copy, file));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
};

interface Ended {
  readonly well: boolean;
  readonly output: string;
}

/** The program runs in a process group of its own, so the whole group can be ended. */
const run = (cwd: string, program: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
    const stop = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The whole group has ended already.
      }
    };
    const timer = setTimeout(stop, MOST_MS);
    process.once('exit', stop);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (code) => {
      clearTimeout(timer);
      process.off('exit', stop);
      resolve({ well: code === 0, output });
    });
  });

/** @throws {Error} if the text is missing in the file, or is there more than once. */
const broken = (text: string, { file, from, to }: Place): string => {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} of: ${from}`);
  return parts.join(to);
};

/** Reads Vitest's counts. A test must have run and failed: a file that does not load finds nothing. */
const outcomeOf = ({ well, output }: Ended): 'found' | 'not found' | 'not run' => {
  const counted = /^\s*Tests\s+(.*)$/m.exec(output)?.[1] ?? '';
  if (/\d+ failed/.test(counted)) return 'found';
  return well && /\d+ passed/.test(counted) ? 'not found' : 'not run';
};

const tryOne = async (copy: string, row: Break): Promise<{ outcome: string; output: string }> => {
  const whole = new Map<string, string>();
  const [project, file, title] = row.test;
  try {
    for (const place of [row, ...(row.also ?? [])]) {
      const path = join(copy, place.file);
      const text = readFileSync(path, 'utf8');
      if (!whole.has(path)) whole.set(path, text);
      writeFileSync(path, broken(text, place));
    }
    if (project === 'e2e' || project === 'journeys') {
      const built = await run(copy, 'npx', ['--no-install', 'tsdown', '--logLevel', 'error']);
      if (!built.well) return { outcome: 'does not build', output: built.output };
    }
    const ended = await run(copy, 'npx', ['--no-install', 'vitest', 'run', '--project', project, file, '-t', title]);
    return { outcome: outcomeOf(ended), output: ended.output };
  } catch (error) {
    return { outcome: String(error), output: '' };
  } finally {
    for (const [path, text] of whole) writeFileSync(path, text);
  }
};

export const USAGE = 'npm run faults:break -- [F114 | test file …]   breaks the code of faults on purpose; without a name, of all faults';

/** @param args numbers of faults, or test files; none for all. */
export const main = async (args: readonly string[]): Promise<number> => {
  const rows = BREAKS.filter(({ fault, test: [, file] }) => args.length === 0 || args.includes(fault) || args.includes(file));
  if (rows.length === 0) {
    console.error(`no break has the name ${args.join(' ')}`);
    return 2;
  }
  const copy = copyTree();
  const remove = (): void => rmSync(copy, { recursive: true, force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  if (rows.some(({ test: [, file] }) => !existsSync(join(copy, dirname(file))))) throw new Error('a row names a folder that is not there');
  const lines = ['| fault | broken in | found by | seconds |', '| --- | --- | --- | --- |'];
  let missed = 0;
  for (const row of rows) {
    const began = Date.now();
    const { outcome, output } = await tryOne(copy, row);
    const seconds = Math.round((Date.now() - began) / 1000);
    if (outcome !== 'found') {
      missed++;
      console.error(`${row.fault} ${row.file}: ${outcome}\n${output.slice(-2000)}`);
    }
    console.log(`${row.fault} ${row.file}: ${outcome}, ${seconds} s`);
    lines.push(
      `| ${row.fault} | ${row.file} | ${outcome === 'found' ? `${row.test[1]} (${row.test[0]})` : `**${outcome}**`} | ${seconds} |`,
    );
  }
  console.log(['', ...lines, '', `${rows.length - missed} found, ${missed} not`].join('\n'));
  return missed === 0 ? 0 : 1;
};
