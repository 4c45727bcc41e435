/** The package in npm's published form, installed in an app. */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end, and joins its outputs in a string. Never rejects for an exit code. */
export const runToEnd = (program: string, args: readonly string[], cwd: string, timeoutMs = 120_000, env = process.env): Promise<Ended> =>
  new Promise((done) => {
    execFile(program, args, { cwd, env, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      done({ code, output: stdout + stderr });
    });
  });

export const mustRun = async (
  program: string,
  args: readonly string[],
  cwd: string,
  timeoutMs?: number,
  env?: NodeJS.ProcessEnv,
): Promise<string> => {
  const { code, output } = await runToEnd(program, args, cwd, timeoutMs, env);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${output}`);
  return output;
};

export interface Workplace {
  readonly folder: string;
  readonly tarball: string;
  remove(): Promise<void>;
}

/** Packs the output of `npm run build`. */
export const packPackage = async (): Promise<Workplace> => {
  for (const file of ['index.js', 'worker.js'])
    await access(join(REPOSITORY, 'dist', file)).catch(() => {
      throw new Error(`dist/${file} is not there; run npm run build first`);
    });
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-packed-'));
  const name = await mustRun('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], REPOSITORY);
  return { folder, tarball: join(folder, name.trim().split('\n').at(-1)!), remove: () => rm(folder, { recursive: true, force: true }) };
};

/** An app with the tarball and RxJS as its only packages; `files` by their path in the app. */
export const installInApp = async (workplace: Workplace, files: Readonly<Record<string, string>>): Promise<string> => {
  const app = join(workplace.folder, 'app');
  await mkdir(app);
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', workplace.tarball, 'rxjs@^7.8.0'], app);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(app, path)), { recursive: true });
    await writeFile(join(app, path), text);
  }
  return app;
};
