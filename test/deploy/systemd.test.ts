/** The unit of the guide, read by systemd itself. A unit is not started: that needs a machine that systemd runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCommandLine } from '../../src/cli/options.ts';
import { configurationOf } from './guide.ts';

const PROGRAM = '/usr/bin/systemd-analyze';

let folder: string;
let unit: string;
let code: string;
beforeAll(() => {
  if (!existsSync(PROGRAM)) throw new Error('systemd-analyze is missing: apt-get install systemd');
  code = configurationOf('deploy', 'The server', 'ini');
  folder = mkdtempSync(join(tmpdir(), 'tidemark-unit-'));
  unit = join(folder, 'tidemark.service');
  // The program of the unit must exist.
  writeFileSync(unit, code.replace('/usr/bin/node', process.execPath));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('systemd knows every line of the unit', () => {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['verify', unit], { encoding: 'utf8' });
  expect([status, `${stdout}${stderr}`.split('\n').filter((line) => line.includes('tidemark.service'))]).toEqual([0, []]);
});

it('the unit is confined: systemd rates its exposure below 2 of 10', () => {
  const text = execFileSync(PROGRAM, ['security', '--offline=true', '--no-pager', unit], { encoding: 'utf8' });
  const exposure = Number(/exposure level for tidemark\.service: ([\d.]+)/.exec(text)?.[1]);
  expect(exposure).toBeLessThan(2);
});

it('the command of the unit is one that the server takes, and ends in order within the time of the unit', () => {
  const [, ...words] = /^ExecStart=(.*)$/m.exec(code)![1]!.split(' ');
  expect(readCommandLine(words.slice(1), {})).toMatchObject({ data: '/var/lib/tidemark', behindProxy: true });
  expect(/^TimeoutStopSec=(\d+)s$/m.exec(code)).toBeTruthy();
});
