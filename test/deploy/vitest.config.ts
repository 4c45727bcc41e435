/** `npm run test:deploy`: what the guides tell an operator to install, run with the real programs. Not part of `npm test`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  test: { include: ['test/deploy/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000, reporters: ['verbose'] },
});
