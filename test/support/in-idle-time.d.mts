import type { ChildProcessWithoutNullStreams, SpawnOptions } from 'node:child_process';
export function inIdleTime(command: string, args: readonly string[], options: SpawnOptions): ChildProcessWithoutNullStreams;
