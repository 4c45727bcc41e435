/** Queries about one tab among several. Times are epoch ms of the machine, the same for tests and pages. */
import type { Page } from 'playwright';
import type { ConversationId } from '../../src/model/ids.ts';
import { setFrozen } from '../support/real-browser.ts';
import { eventually } from './world.ts';

export const nowMs = (): number => performance.timeOrigin + performance.now();

export const leads = (tab: Page): Promise<boolean> => tab.evaluate(() => window.app.connection.at(-1)?.[1].leader === true);

export const untilLive = (tab: Page): Promise<void> =>
  eventually('a live tab', () => tab.evaluate(() => window.app.connection.at(-1)?.[1].state === 'live'));

/** The time, after `since`, at which this tab became the leader. */
export const leadsSince = async (tab: Page, since: number): Promise<number> => {
  let at: number | undefined;
  await eventually('the lead to be taken', async () => {
    at = await tab.evaluate(
      (from) =>
        window.app.connection
          .map(([ms, { leader }]) => ({ ms: performance.timeOrigin + ms, leader }))
          .find(({ ms, leader }) => ms >= from && leader)?.ms,
      since,
    );
    return at !== undefined;
  });
  return at!;
};

/** The time, after `since`, at which the tab showed this unread count, of a conversation or in total. */
export const shownSince = async (tab: Page, since: number, count: number, id?: ConversationId): Promise<number> => {
  let at: number | undefined;
  await eventually(`${count} to be shown`, async () => {
    at = await tab.evaluate(
      ([from, value, of]) =>
        (of === undefined ? window.app.total : window.app.badges[of]!)
          .map(([ms, shown]) => ({ ms: performance.timeOrigin + ms, shown }))
          .find(({ ms, shown }) => ms >= from && shown === value)?.ms,
      [since, count, id] as const,
    );
    return at !== undefined;
  });
  return at!;
};

export const totalOf = (tab: Page): Promise<number | undefined> => tab.evaluate(() => window.app.total.at(-1)?.[1]);
export const pendingOf = (tab: Page): Promise<number | undefined> => tab.evaluate(() => window.app.outbox.at(-1)?.[1].pending);

/** True if a transaction in another tab blocks a transaction of this tab. */
const isBlocked = (tab: Page): Promise<boolean> =>
  tab.evaluate(async () => {
    const name = (await indexedDB.databases()).map((one) => one.name!).find((one) => one.startsWith('tidemark:'))!;
    return new Promise<boolean>((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => {
        const transaction = opening.result.transaction('meta', 'readwrite');
        transaction.objectStore('meta').get('head');
        const say = (blocked: boolean): void => {
          opening.result.close();
          resolve(blocked);
        };
        transaction.oncomplete = () => say(false);
        setTimeout(() => say(true), 500);
      };
    });
  });

/**
 * Freezes a tab behind another one. Chromium itself never freezes a page while a transaction of the page blocks another tab; a debugger does.
 * A tab that froze in such a moment is thawed and frozen again.
 *
 * @returns the time of the freeze.
 */
export const freezeBehind = async (tab: Page, other: Page): Promise<number> => {
  for (;;) {
    const at = nowMs();
    await setFrozen(tab, true);
    if (!(await isBlocked(other))) return at;
    console.log('frozen in a transaction that blocks the other tab: once more');
    await setFrozen(tab, false);
    await other.waitForTimeout(100);
  }
};
