// Node runs this file before any build. Vite reads the TypeScript.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./chromium.ts', import.meta.url).pathname);
try {
  await module.getChromium();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
