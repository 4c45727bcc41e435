import { describe, expect, it } from 'vitest';
import { findChromium, getChromium, launchArgs, type Machine, PACKAGED_FOLDER } from '../../support/chromium.ts';

/** A machine that has `files`, and gains what `installs` says when a command with that name ends well. */
const machineWith = (options: Partial<Machine> & { files?: string[]; installs?: Record<string, string>; path?: string } = {}) => {
  const files = new Set(options.files);
  const ran: string[] = [];
  const said: string[] = [];
  const machine: Machine = {
    env: { PATH: options.path ?? '/usr/bin:/opt/bin' },
    root: false,
    linuxX64: false,
    isExecutable: async (path) => files.has(path),
    answers: async (path) => files.has(path),
    run: async (command, args) => {
      ran.push([command, ...args].join(' '));
      if (command === 'apt-get' && args.includes('update')) return true;
      const file = options.installs?.[command];
      if (file) files.add(file);
      return file !== undefined;
    },
    playwrightPath: async () => '/cache/playwright/chrome',
    packagedPath: async (folder) => (folder === PACKAGED_FOLDER && files.has('/tmp/packaged') ? '/tmp/packaged' : undefined),
    say: (line) => said.push(line),
    ...options,
  };
  return { machine, ran, said };
};

describe('finding a Chromium', () => {
  const everywhere = ['/asked', '/usr/bin/chromium', '/opt/bin/google-chrome', '/cache/playwright/chrome', '/tmp/packaged'];

  it.each([
    ['CHROME_PATH before all', everywhere, '/asked', '/asked'],
    ['a name on PATH before Playwright’s own', everywhere, undefined, '/usr/bin/chromium'],
    ['the better name, wherever on PATH it stands', ['/usr/bin/google-chrome', '/opt/bin/chromium'], undefined, '/opt/bin/chromium'],
    ['Playwright’s own before the packaged one', ['/cache/playwright/chrome', '/tmp/packaged'], undefined, '/cache/playwright/chrome'],
    ['the packaged one at last', ['/tmp/packaged'], undefined, '/tmp/packaged'],
    ['nothing where there is nothing', [], undefined, undefined],
  ])('takes %s', async (_name, files, asked, expected) => {
    const { machine } = machineWith({ files, env: { PATH: '/usr/bin:/opt/bin', CHROME_PATH: asked } });
    expect(await findChromium(machine)).toBe(expected);
  });

  it('refuses a CHROME_PATH that cannot be run, though another browser is there', async () => {
    const { machine } = machineWith({ files: ['/usr/bin/chromium'], env: { PATH: '/usr/bin', CHROME_PATH: '/gone' } });
    await expect(findChromium(machine)).rejects.toThrow('CHROME_PATH is /gone');
    await expect(getChromium(machine)).rejects.toThrow('CHROME_PATH is /gone');
  });

  it('does not believe a packaged browser that will not start', async () => {
    const { machine } = machineWith({ files: ['/tmp/packaged'], answers: async () => false });
    expect(await findChromium(machine)).toBeUndefined();
  });
});

describe('getting a Chromium', () => {
  it('installs nothing where one is there', async () => {
    const { machine, ran, said } = machineWith({ files: ['/usr/bin/chromium'], root: true });
    expect(await getChromium(machine)).toBe('/usr/bin/chromium');
    expect(ran).toEqual([]);
    expect(said).toEqual(['Chromium: /usr/bin/chromium']);
  });

  it('asks apt as root, saying so', async () => {
    const { machine, ran, said } = machineWith({
      files: ['/usr/bin/apt-get'],
      root: true,
      installs: { 'apt-get': '/usr/bin/chromium' },
    });
    expect(await getChromium(machine)).toBe('/usr/bin/chromium');
    expect(ran.map((line) => line.replace(/-o \S+ /, ''))).toEqual([
      'apt-get update',
      'apt-get install -y --no-install-recommends chromium',
    ]);
    expect(said[0]).toContain('running apt-get');
  });

  it('never asks apt for anybody but root', async () => {
    const { machine, ran } = machineWith({ files: ['/usr/bin/apt-get'], installs: { npx: '/cache/playwright/chrome' } });
    expect(await getChromium(machine)).toBe('/cache/playwright/chrome');
    expect(ran).toEqual(['npx --no-install playwright install chromium']);
  });

  it('goes on to Playwright where apt fails, and to npm where Playwright does', async () => {
    const { machine, ran, said } = machineWith({
      files: ['/usr/bin/apt-get'],
      root: true,
      linuxX64: true,
      installs: { npm: '/tmp/packaged' },
    });
    expect(await getChromium(machine)).toBe('/tmp/packaged');
    expect(ran.map((line) => line.split(' ')[0])).toEqual(['apt-get', 'apt-get', 'npx', 'npm']);
    expect(said.join('\n')).toContain('no Background Sync');
  });

  it('takes npm’s only on Linux x64', async () => {
    const { machine, ran } = machineWith({ installs: { npm: '/tmp/packaged' } });
    await expect(getChromium(machine)).rejects.toThrow();
    expect(ran).toEqual(['npx --no-install playwright install chromium']);
  });

  it('names all three ways when none helped', async () => {
    const { machine } = machineWith({ files: ['/usr/bin/apt-get'], root: true, linuxX64: true });
    await expect(getChromium(machine)).rejects.toThrow(
      /apt-get install chromium[^]*npx playwright install chromium[^]*@sparticuz\/chromium[^]*CHROME_PATH/,
    );
  });
});

it('gives up the sandbox only for root', () => {
  expect(launchArgs(true)).toContain('--no-sandbox');
  expect(launchArgs(false)).not.toContain('--no-sandbox');
});
