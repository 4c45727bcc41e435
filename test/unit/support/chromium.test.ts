import { describe, expect, it } from 'vitest';
import { findChromium, getChromium, launchArgs, type Machine, PACKAGED_FOLDER } from '../../support/chromium.ts';

/** A machine with these files, which gains the file named by `installs` when the command succeeds. */
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
    ['CHROME_PATH before everything else', everywhere, '/asked', '/asked'],
    ['a name on PATH before Playwright’s own', everywhere, undefined, '/usr/bin/chromium'],
    ['the better name, at any place on PATH', ['/usr/bin/google-chrome', '/opt/bin/chromium'], undefined, '/opt/bin/chromium'],
    ['Playwright’s own before the packaged one', ['/cache/playwright/chrome', '/tmp/packaged'], undefined, '/cache/playwright/chrome'],
    ['the packaged one last', ['/tmp/packaged'], undefined, '/tmp/packaged'],
    ['nothing if no browser exists', [], undefined, undefined],
  ])('findChromium takes %s', async (_name, files, asked, expected) => {
    const { machine } = machineWith({ files, env: { PATH: '/usr/bin:/opt/bin', CHROME_PATH: asked } });
    expect(await findChromium(machine)).toBe(expected);
  });

  it('findChromium refuses an unusable CHROME_PATH, although another browser exists', async () => {
    const { machine } = machineWith({ files: ['/usr/bin/chromium'], env: { PATH: '/usr/bin', CHROME_PATH: '/gone' } });
    await expect(findChromium(machine)).rejects.toThrow('CHROME_PATH is /gone');
    await expect(getChromium(machine)).rejects.toThrow('CHROME_PATH is /gone');
  });

  it('findChromium ignores a packaged browser that does not start', async () => {
    const { machine } = machineWith({ files: ['/tmp/packaged'], answers: async () => false });
    expect(await findChromium(machine)).toBeUndefined();
  });
});

describe('installing a Chromium', () => {
  it('getChromium installs nothing if a Chromium exists', async () => {
    const { machine, ran, said } = machineWith({ files: ['/usr/bin/chromium'], root: true });
    expect(await getChromium(machine)).toBe('/usr/bin/chromium');
    expect(ran).toEqual([]);
    expect(said).toEqual(['Chromium: /usr/bin/chromium']);
  });

  it('getChromium runs apt as root, and says so', async () => {
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

  it('getChromium runs apt only as root', async () => {
    const { machine, ran } = machineWith({ files: ['/usr/bin/apt-get'], installs: { npx: '/cache/playwright/chrome' } });
    expect(await getChromium(machine)).toBe('/cache/playwright/chrome');
    expect(ran).toEqual(['npx --no-install playwright install chromium']);
  });

  it('getChromium tries Playwright if apt fails, and npm if Playwright fails', async () => {
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

  it('getChromium takes the npm package only on Linux x64', async () => {
    const { machine, ran } = machineWith({ installs: { npm: '/tmp/packaged' } });
    await expect(getChromium(machine)).rejects.toThrow();
    expect(ran).toEqual(['npx --no-install playwright install chromium']);
  });

  it('getChromium names all three ways if none succeeded', async () => {
    const { machine } = machineWith({ files: ['/usr/bin/apt-get'], root: true, linuxX64: true });
    await expect(getChromium(machine)).rejects.toThrow(
      /apt-get install chromium[^]*npx playwright install chromium[^]*@sparticuz\/chromium[^]*CHROME_PATH/,
    );
  });
});

it('the sandbox is off only for root', () => {
  expect(launchArgs(true)).toContain('--no-sandbox');
  expect(launchArgs(false)).not.toContain('--no-sandbox');
});
