/** `node run-main.mjs FILE [ARG …]`: runs `main(args)` of a TypeScript file. Node 20 does not read TypeScript, and Vite does. */
import { resolve } from 'node:path';
import { runnerImport } from 'vite';
import { runCommand } from './run-command.mjs';

const [file, ...args] = process.argv.slice(2);
const load = async () => (await runnerImport(resolve(file), { configFile: false, logLevel: 'error' })).module;
try {
  process.exit(await runCommand(await load(), args));
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(2);
}
