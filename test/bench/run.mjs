/** Runs `main.ts`: Node 20 does not read TypeScript, Vite does. */
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
try {
  const { module } = await runnerImport(main, { configFile: false, logLevel: 'error' });
  process.exit(await module.main(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(2);
}
