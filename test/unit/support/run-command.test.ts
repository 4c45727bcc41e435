import { parseArgs } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCommand } from '../../support/run-command.mjs';

const USAGE = 'npm run walk -- [--far MILES]';
const main = vi.fn(async (args: string[]) => {
  parseArgs({ args, options: { far: { type: 'string' } } });
  return Promise.resolve(0);
});
let printed: string[];

beforeEach(() => {
  printed = [];
  main.mockClear();
  for (const stream of ['log', 'error'] as const) vi.spyOn(console, stream).mockImplementation((line) => void printed.push(String(line)));
});
afterEach(() => void vi.restoreAllMocks());

it('a command answers --help with its usage, and does nothing else', async () => {
  expect(await runCommand({ USAGE, main }, ['--far', '3', '--help'])).toBe(0);
  expect(printed).toEqual([USAGE]);
  expect(main).not.toHaveBeenCalled();
});

it.each(['--fat', '--fat=3', '-f'])('a command refuses the unknown option %s in one line, before any work', async (option) => {
  expect(await runCommand({ USAGE, main }, [option])).toBe(2);
  expect(printed).toEqual([`unknown option ${option}; --help lists the options`]);
  expect(main).not.toHaveBeenCalled();
});

it('a command names an option without its value in one line', async () => {
  expect(await runCommand({ USAGE, main }, ['--far'])).toBe(2);
  expect(printed).toEqual([expect.stringMatching(/^Option '--far <value>' argument missing$/)]);
});

it('a command runs with options that its usage names, and prints where it crashed', async () => {
  expect(await runCommand({ USAGE, main }, ['--far=3'])).toBe(0);
  expect(printed).toEqual([]);
  expect(await runCommand({ USAGE, main: () => Promise.reject(new Error('crashed')) }, [])).toBe(2);
  expect(printed).toEqual([expect.stringMatching(/^Error: crashed\n {4}at /)]);
});
