/**
 * `npm run test:types`: TypeScript from 5.4 to 7 checks small programs against the packed package, with `skipLibCheck: false` and both ways
 * to resolve modules. Prints a line for each check.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mustRun, packPackage, REPOSITORY, runToEnd } from '../../support/packed.ts';
import { PLACES } from './programs.ts';

/** The folder stays between runs, so that installed packages are not installed again. */
const FOLDER = join(tmpdir(), 'tidemark-types');
const MODULES = { bundler: 'esnext', nodenext: 'nodenext' };
/** The packages with types that the entry points name. */
const PEERS = ['rxjs', 'react', '@types/react', '@types/node', '@types/ws', 'ws', 'pg', '@electric-sql/pglite', '@nats-io/transport-node'];

const readJson = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8')) as Record<string, Record<string, string>>;

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};

const writePrograms = async (): Promise<void> => {
  for (const [place, { lib, types, programs }] of Object.entries(PLACES)) {
    await rm(join(FOLDER, place), { recursive: true, force: true });
    for (const [name, code] of Object.entries(programs)) await write(join(FOLDER, place, `${name}.ts`), code);
    for (const [moduleResolution, module] of Object.entries(MODULES)) {
      const compilerOptions = { target: 'es2022', module, moduleResolution, lib, types, strict: true, skipLibCheck: false, noEmit: true };
      await write(join(FOLDER, `${place}-${moduleResolution}.json`), JSON.stringify({ compilerOptions, include: [place] }));
    }
  }
};

/** The errors of the programs and of the package. PGlite's own types need the DOM. */
const errorsOf = (output: string): string[] => {
  const errors = output.split('\n').filter((line) => line.includes('error TS'));
  return errors.filter((line) => !/^node_modules\/(?!tidemark\/)/.test(line));
};

export const USAGE = 'npm run test:types -- [ts5.4 …]   the versions are in test/package/types/versions.json; without a version, all';

/** @param args versions, such as `ts5.4`; none for all. */
export const main = async (args: readonly string[]): Promise<number> => {
  const versions = (await readJson(REPOSITORY, 'test/package/types/versions.json')) as unknown as Record<string, string>;
  const unknown = args.find((name) => versions[name] === undefined);
  if (unknown !== undefined) {
    console.error(`${unknown} is not among ${Object.keys(versions).join(', ')}`);
    return 2;
  }
  const { devDependencies = {} } = await readJson(REPOSITORY, 'package.json');
  const workplace = await packPackage();
  let failed = 0;
  try {
    await mkdir(FOLDER, { recursive: true });
    const peers = Object.fromEntries(PEERS.map((name) => [name, devDependencies[name]]));
    const dependencies = { ...peers, ...versions, tidemark: `file:${workplace.tarball}` };
    await write(join(FOLDER, 'package.json'), JSON.stringify({ name: 'types', private: true, type: 'module', dependencies }));
    // npm would keep the package of the run before, because its version is the same.
    for (const old of ['node_modules/tidemark', 'package-lock.json']) await rm(join(FOLDER, old), { recursive: true, force: true });
    await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], FOLDER);
    await writePrograms();
    for (const version of Object.keys(versions))
      for (const place of Object.keys(PLACES))
        for (const resolution of Object.keys(MODULES)) {
          if (args.length > 0 && !args.includes(version)) continue;
          const began = Date.now();
          const tsc = join(FOLDER, 'node_modules', version, 'bin/tsc');
          const { code, output } = await runToEnd(process.execPath, [tsc, '-p', `${place}-${resolution}.json`], FOLDER, 600_000);
          const errors = errorsOf(output);
          // A compiler that says nothing about a failure did not run.
          const isRefused = errors.length > 0 || (code !== 0 && !output.includes('error TS'));
          if (isRefused) failed++;
          console.log(
            `${version} ${place} ${resolution}: ${isRefused ? `FAILED\n${errors.join('\n') || output}` : 'right'}, ${Date.now() - began} ms`,
          );
        }
  } finally {
    await workplace.remove();
  }
  return failed === 0 ? 0 : 1;
};
