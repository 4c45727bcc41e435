import { describe, expect, it } from 'vitest';
import type { Machine } from '../../support/chromium.ts';
import { checkEngines, findEngines } from '../../support/find-engines.ts';

const FIREFOX = '/usr/bin/firefox-esr';
const WEBKIT = ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'];

const machineWith = (files: readonly string[], engines?: string) => {
  const said: string[] = [];
  const machine: Machine = {
    env: { PATH: '/usr/bin:/opt/bin', ENGINES: engines },
    root: false,
    linuxX64: true,
    isExecutable: async (path) => files.includes(path),
    answers: () => Promise.reject(new Error('no test asks this')),
    run: () => Promise.reject(new Error('nothing is installed')),
    playwrightPath: async () => undefined,
    packagedPath: async () => undefined,
    say: (line) => said.push(line),
  };
  return { machine, said };
};

describe('finding the other browser engines', () => {
  it('findEngines finds Firefox and WebKit', async () => {
    const { machine, said } = machineWith([FIREFOX, ...WEBKIT]);
    expect(await findEngines(machine)).toEqual({
      firefox: FIREFOX,
      webkit: { driver: WEBKIT[0], display: WEBKIT[1], browser: WEBKIT[2] },
    });
    await checkEngines(machine);
    expect(said).toEqual([`Firefox: ${FIREFOX}`, `WebKit: ${WEBKIT[2]}`]);
  });

  it.each(WEBKIT)('findEngines reports no WebKit without %s', async (missing) => {
    const { machine } = machineWith(WEBKIT.filter((file) => file !== missing));
    expect(await findEngines(machine)).toEqual({ firefox: undefined, webkit: undefined });
  });

  it('checkEngines names the missing engines with the command of the installation, and goes on', async () => {
    const { machine, said } = machineWith([FIREFOX]);
    await checkEngines(machine);
    expect(said[1]).toMatch(/WebKit \(apt-get install webkit2gtk-driver xvfb\).*without/);
  });

  it('with ENGINES=all, checkEngines refuses to go on and names each missing engine', async () => {
    await expect(checkEngines(machineWith([], 'all').machine)).rejects.toThrow(/Firefox \(.*firefox-esr\), WebKit \(.*xvfb\)/);
    await expect(checkEngines(machineWith([FIREFOX], 'all').machine)).rejects.toThrow(/^ENGINES is all, and not here: WebKit/);
    await expect(checkEngines(machineWith([FIREFOX, ...WEBKIT], 'all').machine)).resolves.toBeUndefined();
  });

  it('checkEngines refuses a misspelt value of ENGINES, and takes the name of an engine that runs alone', async () => {
    await expect(checkEngines(machineWith([FIREFOX, ...WEBKIT], 'al').machine)).rejects.toThrow('ENGINES is al;');
  });
});
