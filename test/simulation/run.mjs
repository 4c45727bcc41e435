// `npm run simulate -- …`: bundles and runs the simulator; see README.md.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const child = spawn(process.execPath, ['--enable-source-maps', await bundle(), ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  stdio: 'inherit',
});
child.on('exit', (code) => (process.exitCode = code ?? 1));
