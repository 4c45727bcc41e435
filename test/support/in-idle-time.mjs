// Runs a command with the processor time that other processes leave.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';

/**
 * Starts a command with the lowest priority, in a session of its own: Linux shares the processors between sessions first, and browsers
 * of tests are sessions. The command ends with this process.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
export const inIdleTime = (command, args, options) => {
  const hasSessions = process.platform !== 'win32';
  const child = spawn(command, args, { ...options, detached: hasSessions });
  const { pid } = child;
  if (pid === undefined) return child;
  setPriority(pid, constants.priority.PRIORITY_LOW);
  // Only Linux has this file, and only some systems group processes by their session.
  writeFile(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_LOW)).catch(() => undefined);
  const end = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(hasSessions ? -pid : pid);
    } catch {
      // The command has just ended.
    }
  };
  process.once('exit', end);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  return child;
};
