/** Opens a page whose script is `MAIN`, and reads what it tells. */
import type { Browser } from 'playwright';

export const COPY = 'the copy in the package';
export const FILE = 'its file';

const STARTED_WITHIN_MS = 60_000;

/** @returns where the worker's script came from. @throws {Error} with what the page told, where it did not work. */
export const openPage = async (browser: Browser, address: string): Promise<typeof COPY | typeof FILE> => {
  const page = await browser.newPage();
  try {
    const troubles: string[] = [];
    page.on('pageerror', ({ message }) => troubles.push(message));
    await page.goto(address);
    const isOver = (): boolean => {
      const { told = [] } = globalThis as { told?: string[] };
      return told.some((line) => line.startsWith('worker/')) || (told.includes('sent') && told.some((line) => line.startsWith('stream')));
    };
    await page.waitForFunction(isOver, { timeout: STARTED_WITHIN_MS }).catch(() => undefined);
    const told = await page.evaluate(() => (globalThis as { told?: string[] }).told ?? ['no script ran']);
    if (!told.includes('sent') || !told.includes('stream: {"text":"ahoy"}')) throw new Error([...told, ...troubles].join(' | '));
    return page.workers().some((worker) => worker.url().startsWith('blob:')) ? COPY : FILE;
  } finally {
    await page.context().close();
  }
};
