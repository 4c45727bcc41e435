/** The receipt server in Python, see other-server/server.py. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('other-server/server.py', import.meta.url));

export const MISSING_PYTHON = 'the tests of the other server are skipped: no python3 (apt-get install python3)';
export const hasPython = (): boolean => spawnSync('python3', ['--version']).status === 0;

export interface OtherServer {
  readonly url: string;
  /** The address of its host: tokens. */
  readonly host: string;
  /** Plants a fault; none for an empty name. */
  plant(fault: string): Promise<void>;
  stop(): void;
}

export const startOtherServer = async (): Promise<OtherServer> => {
  const child = spawn('python3', ['-B', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const at = `127.0.0.1:${Number(line.toString('utf8'))}`;
  return {
    url: `ws://${at}/receipts`,
    host: `http://${at}/dev`,
    plant: async (fault) => {
      await fetch(`http://${at}/dev/fault`, { method: 'POST', body: JSON.stringify({ fault }) });
    },
    stop: () => child.kill(),
  };
};
