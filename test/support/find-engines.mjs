// Node runs this file before any build. Vite reads the TypeScript.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./find-engines.ts', import.meta.url).pathname);
try {
  await module.checkEngines();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
