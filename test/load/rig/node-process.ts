/** The server processes of a load, and what they use of the machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from '../../support/bundled.ts';
import { ReceiptNode } from '../../support/receipt-nodes.ts';
import type { NodeOptions } from './node.ts';

const PROGRAM = fileURLToPath(new URL('./node.ts', import.meta.url));

/** All servers of a run come from one bundle: an installed server is built too. */
let program: Promise<string> | undefined;
const programFile = (): Promise<string> =>
  (program ??= bundled(PROGRAM).then(({ file, remove }) => {
    process.once('exit', remove);
    return file;
  }));

const started: ReceiptNode[] = [];
// No server outlives a run, also one that a signal ends.
process.once('exit', () => {
  for (const node of started) void node.end('SIGKILL');
});

/** @param flags of Node, such as `--cpu-prof`. */
export const startNode = async (options: NodeOptions, flags: readonly string[] = []): Promise<ReceiptNode> => {
  const node = await ReceiptNode.run([...flags, await programFile(), JSON.stringify(options)]);
  started.push(node);
  return node;
};

/** The memory of a process in KiB; NaN after its end. */
export const rssKib = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return NaN;
  }
};

export interface Loaded {
  readonly port: number;
  readonly rssMib: () => number;
  readonly peakMib: () => number;
  readonly isAlive: () => boolean;
  stop(): Promise<void>;
}

/** Starts one server with a store of its own. @param slowMs the duration of `authenticate`. */
export const startServer = async (kind: 'memory' | 'pglite', slowMs = 0): Promise<Loaded> => {
  const folder = mkdtempSync(join(tmpdir(), 'load-'));
  const node = await startNode({ store: kind === 'memory' ? kind : { folder }, slowMs }, ['--max-old-space-size=700']);
  const rssMib = (): number => Math.round(rssKib(node.pid) / 1024);
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, rssMib() || 0)), 20);
  return {
    port: node.port,
    rssMib,
    peakMib: () => Math.max(peak, rssMib() || 0),
    isAlive: () => node.isAlive,
    stop: async () => {
      clearInterval(sampling);
      await node.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
