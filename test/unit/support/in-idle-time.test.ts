import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants, getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { inIdleTime } from '../../support/in-idle-time.mjs';

/** The group that shares processor time with other groups, and the priority of the group. Only some systems have such groups. */
const groupOf = (pid: number | 'self'): Promise<string> => readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => '');

it('a command in idle time has the lowest priority, and a session of its own with the lowest priority', async () => {
  const before = await groupOf('self');
  const child = inIdleTime(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'pipe' });
  try {
    expect(getPriority(child.pid)).toBe(constants.priority.PRIORITY_LOW);
    if (before !== '') await expect.poll(() => groupOf(child.pid!)).toMatch(/nice 19/);
    expect(await groupOf('self')).toBe(before);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});
