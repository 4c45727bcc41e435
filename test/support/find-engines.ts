/** Finds the other browser engines, Gecko and WebKit, and installs none: a machine without them tests in Chromium only. */
import { ON_SQLITE } from './chromium-storage.ts';
import { onPath } from './on-path.ts';
import { type Machine, thisMachine } from './chromium.ts';

export interface WebKitFiles {
  readonly driver: string;
  readonly browser: string;
  readonly display: string;
}

export interface Engines {
  /** A Firefox. */
  readonly firefox: string | undefined;
  /** WebKitGTK: its WebDriver, its smallest browser, and the browser's display. */
  readonly webkit: WebKitFiles | undefined;
}

/** Debian keeps MiniBrowser beside the library, under the name of the machine. */
const MINI_BROWSERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((machine) =>
  ['webkit2gtk-4.1', 'webkitgtk-6.0', 'webkit2gtk-4.0'].map((library) => `/usr/lib/${machine}/${library}/MiniBrowser`),
);

const firstExecutable = async (machine: Machine, paths: readonly string[]): Promise<string | undefined> => {
  for (const path of paths) if (await machine.isExecutable(path)) return path;
  return undefined;
};

export const findEngines = async (machine: Machine = thisMachine()): Promise<Engines> => {
  const [firefox, driver, display, browser] = await Promise.all([
    onPath(machine, ['firefox-esr', 'firefox']),
    onPath(machine, ['WebKitWebDriver']),
    onPath(machine, ['Xvfb']),
    firstExecutable(machine, MINI_BROWSERS),
  ]);
  return { firefox, webkit: driver && display && browser ? { driver, display, browser } : undefined };
};

/**
 * Says which engines the browser suites run in.
 *
 * @throws {Error} with the name of a missing engine and the command of its installation, if `ENGINES` is `all`.
 */
export const checkEngines = async (machine: Machine = thisMachine()): Promise<void> => {
  const asked = machine.env['ENGINES'];
  if (asked !== undefined && asked !== '' && asked !== 'all' && asked !== ON_SQLITE)
    throw new Error(
      `ENGINES is ${asked}; it is "all", for which every engine must be here, "${ON_SQLITE}" for that engine alone, or it is not set`,
    );
  const { firefox, webkit } = await findEngines(machine);
  const missing: string[] = [];
  const say = (name: string, path: string | undefined, packages: string): void => {
    if (path === undefined) missing.push(`${name} (apt-get install ${packages})`);
    else machine.say(`${name}: ${path}`);
  };
  say('Firefox', firefox, 'firefox-esr');
  say('WebKit', webkit?.browser, 'webkit2gtk-driver xvfb');
  if (missing.length === 0) return;
  if (asked === 'all') throw new Error(`ENGINES is all, and not here: ${missing.join(', ')}`);
  machine.say(`not here: ${missing.join(', ')}; the browser suites run without`);
};
