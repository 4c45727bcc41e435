/** Opens a page with the script `MAIN`, and reads the text of the page. */
import type { Browser, Page } from 'playwright';

export const COPY = 'the copy in the package';
export const FILE = 'its file';

const STARTED_WITHIN_MS = 60_000;

/** @returns the source of the worker's script. @throws {Error} with the texts of the page, if the page did not work. */
export const openPage = async (
  browser: Browser,
  address: string,
  use: (page: Page) => Promise<void> = async () => {},
): Promise<typeof COPY | typeof FILE> => {
  const page = await browser.newPage();
  try {
    const troubles: string[] = [];
    page.on('pageerror', ({ message }) => troubles.push(message));
    await page.goto(address);
    await use(page);
    const isOver = (): boolean => {
      const { told: shownTexts = [] } = globalThis as { told?: string[] };
      return (
        shownTexts.some((line) => line.startsWith('worker/')) ||
        (shownTexts.includes('sent') && shownTexts.some((line) => line.startsWith('stream')))
      );
    };
    await page.waitForFunction(isOver, { timeout: STARTED_WITHIN_MS }).catch(() => undefined);
    const shownTexts = await page.evaluate(() => (globalThis as { told?: string[] }).told ?? ['no script ran']);
    if (!shownTexts.includes('sent') || !shownTexts.includes('stream: {"text":"ahoy"}'))
      throw new Error([...shownTexts, ...troubles].join(' | '));
    return page.workers().some((worker) => worker.url().startsWith('blob:')) ? COPY : FILE;
  } finally {
    await page.context().close();
  }
};
