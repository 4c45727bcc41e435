/** Finds or installs a Chromium for the tests, and prints each step. */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { isOnSqlite, SQLITE_FLAG } from './chromium-storage.ts';
import { onPath } from './on-path.ts';

/** The machine in the eyes of the search. A test replaces this value. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly root: boolean;
  readonly linuxX64: boolean;
  isExecutable(path: string): Promise<boolean>;
  /** Whether the browser at `path` answers `--version`: the file may exist and its libraries may not. */
  answers(path: string): Promise<boolean>;
  /** Resolves with whether the command succeeded. Its output goes to the terminal. */
  run(command: string, args: readonly string[]): Promise<boolean>;
  playwrightPath(): Promise<string | undefined>;
  /** The browser inside `@sparticuz/chromium`, if installed under `folder`. */
  packagedPath(folder: string): Promise<string | undefined>;
  say(line: string): void;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const PACKAGED = '@sparticuz/chromium@147.0.0'; // the last version of its line for Node 20
export const PACKAGED_FOLDER = fileURLToPath(new URL('../../node_modules/.cache/tidemark-chromium/', import.meta.url));

/**
 * The Chromium of this machine: `CHROME_PATH`, then the usual names on PATH, then Playwright's own, then the
 * one that {@link getChromium} took from npm; `undefined` for none. Installs nothing.
 *
 * @throws {Error} if `CHROME_PATH` names a file that cannot be run: a given path is not silently replaced.
 */
export const findChromium = async (machine: Machine = thisMachine()): Promise<string | undefined> => {
  const asked = machine.env['CHROME_PATH'];
  if (asked) {
    if (await machine.isExecutable(asked)) return asked;
    throw new Error(`CHROME_PATH is ${asked}, which is not an executable file; correct it or unset it`);
  }
  const named = await onPath(machine, NAMES);
  if (named) return named;
  const own = await machine.playwrightPath();
  if (own && (await machine.isExecutable(own))) return own;
  const packaged = await machine.packagedPath(PACKAGED_FOLDER);
  return packaged && (await machine.answers(packaged)) ? packaged : undefined;
};

/**
 * Finds a Chromium, as {@link findChromium} does, or installs one: with apt as root, otherwise by Playwright,
 * and on Linux x64 at last from npm.
 *
 * @throws {Error} that names all ways if none gave a Chromium.
 */
export const getChromium = async (machine: Machine = thisMachine()): Promise<string> => {
  const present = await findChromium(machine);
  if (present) {
    machine.say(`Chromium: ${present}`);
    return present;
  }
  const ways: { readonly when: boolean; readonly command: readonly [string, ...string[]]; readonly note?: string }[] = [
    {
      when: machine.root && (await onPath(machine, ['apt-get'])) !== undefined,
      command: ['apt-get', '-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', 'chromium'],
    },
    { when: true, command: ['npx', '--no-install', 'playwright', 'install', 'chromium'] },
    {
      when: machine.linuxX64,
      command: ['npm', 'install', '--prefix', PACKAGED_FOLDER, '--no-audit', '--no-fund', '--no-save', PACKAGED],
      note: 'It has no Background Sync: tests of that will say "not available".',
    },
  ];
  for (const { when, command, note } of ways) {
    if (!when) continue;
    const [program, ...args] = command;
    machine.say(`Chromium: none found; running ${command.join(' ')}`);
    if (note) machine.say(note);
    // A new machine has no package lists, and without them apt finds no Chromium.
    if (program === 'apt-get') await machine.run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update']);
    if (!(await machine.run(program, args))) continue;
    const got = await findChromium(machine);
    if (got) {
      machine.say(`Chromium: ${got}`);
      return got;
    }
  }
  throw new Error(
    'The tests need a Chromium, and none could be found or installed. Any one of these helps:\n' +
      '  apt-get install chromium             (as root, on Debian or Ubuntu)\n' +
      '  npx playwright install chromium\n' +
      `  npm install --no-save ${PACKAGED}   (Linux x64)\n` +
      'or set CHROME_PATH to a Chromium or Chrome that is already there.',
  );
};

/** Whether this Chromium has Background Sync: the package on npm is built without it. */
export const hasBackgroundSync = (chromium: string): boolean => chromium !== join(tmpdir(), 'chromium'); // the folder in which the package unpacks itself

/** Chromium's sandbox does not run as root. For other users it stays on. */
export const launchArgs = (root = isRoot()): string[] => [
  ...(root ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(isOnSqlite() ? [SQLITE_FLAG] : []),
];

/** The options for Playwright's `chromium.launch` and `launchPersistentContext`. */
export const launchOptions = async (): Promise<{ executablePath?: string; args: string[]; headless: true }> => {
  const executablePath = await findChromium();
  return { ...(executablePath && { executablePath }), args: launchArgs(), headless: true };
};

const isRoot = (): boolean => process.getuid?.() === 0;

export const thisMachine = (): Machine => ({
  env: process.env,
  root: isRoot(),
  linuxX64: process.platform === 'linux' && process.arch === 'x64',
  isExecutable: (path) =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    ),
  answers: (path) =>
    new Promise((done) => {
      execFile(path, [...launchArgs(), '--version'], { timeout: 10_000 }, (error) => done(error === null));
    }),
  run: async (command, args) => {
    if (args.includes(PACKAGED_FOLDER)) await mkdir(PACKAGED_FOLDER, { recursive: true });
    return new Promise((done) => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env, shell: process.platform === 'win32' });
      child.on('error', () => done(false));
      child.on('exit', (code) => done(code === 0));
    });
  },
  playwrightPath: async () => chromium.executablePath(),
  packagedPath: async (folder) => {
    try {
      // The package is required and not imported, because bundlers and module runners do not know a package
      // that was installed a moment ago.
      const packaged = createRequire(folder)('@sparticuz/chromium') as { executablePath(): Promise<string> };
      return await packaged.executablePath();
    } catch {
      return undefined;
    }
  },
  say: (line) => console.log(line),
});
