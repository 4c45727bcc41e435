/** The server process of a load, and the data at the beginning of a load. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MIB = 1024 * 1024;

export interface Loaded {
  readonly kind: string;
  readonly port: number;
  readonly rssMib: () => number;
  readonly peakMib: () => number;
  /** CPU time of the server's process since its start. */
  readonly cpuMs: () => number;
  readonly isAlive: () => boolean;
  stop(): Promise<void>;
}

/**
 * Starts a server in a process of its own. @param profiles the folder for a CPU profile of the process.
 * @param slowMs the duration of `authenticate`.
 */
export const startServer = async (kind: string, profiles?: string, slowMs = 0): Promise<Loaded> => {
  const flags = ['--max-old-space-size=700', ...(profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [])];
  const args = [...flags, join(HERE, '../support/run-main.mjs'), join(HERE, 'server.ts'), kind, String(slowMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let alive = true;
  const exited = new Promise<void>((resolve) => {
    child.on('exit', () => {
      alive = false;
      resolve();
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(Number(String(data))));
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  const status = (key: string): number => {
    try {
      return Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
    } catch {
      return Number.NaN;
    }
  };
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, status('VmRSS') || 0)), 20);
  return {
    kind,
    port,
    rssMib: () => status('VmRSS'),
    peakMib: () => Math.max(peak, status('VmRSS') || 0),
    cpuMs: () => {
      // Linux counts user and system time in ticks of 10 ms.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    isAlive: () => alive,
    stop: async () => {
      clearInterval(sampling);
      child.kill('SIGTERM');
      await exited;
    },
  };
};

export const hello = (userId: string) => ({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: `d-${userId}` });

let ids = 0;
export const messageTo = (peer: string, bytes = 10) => {
  const id = `${process.pid}-${++ids}`;
  const body = JSON.stringify('x'.repeat(bytes));
  return { kind: 'message', key: id, conversationId: `direct:${peer}`, cursor: null, id, body, receiptRequested: true, countable: true };
};

export const post = async (port: number, frames: readonly object[]): Promise<string> => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/receipts`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(frames),
    });
    const body = await response.text();
    return `status ${response.status}, ${(body.length / MIB).toFixed(2)} MiB`;
  } catch (error) {
    return `no answer (${String(error)})`;
  }
};

/** Runs the jobs, four at a time. */
const inFours = async (jobs: readonly (() => Promise<unknown>)[]): Promise<void> => {
  const next = jobs[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const job of next) await job();
  };
  await Promise.all([1, 2, 3, 4].map(worker));
};

/** The peer `p-USER` of each user writes so many messages. */
export const fillDirect = async (port: number, users: readonly string[], each: number): Promise<void> =>
  inFours(
    users.map((user) => async () => {
      for (let left = each; left > 0; left -= 100) {
        const entries = Array.from({ length: Math.min(left, 100) }, () => messageTo(user));
        await post(port, [hello(`p-${user}`), { type: 'submit', id: 1, entries }]);
      }
    }),
  );

export const fillGroup = async (port: number, groupId: string, members: readonly string[]): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}/group`, { method: 'POST', body: JSON.stringify({ groupId, members }) });
  if (!response.ok) throw new Error(`the server did not create the group: ${response.status}`);
};
