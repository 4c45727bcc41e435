/** What a test asks of one tab among several. Times are epoch ms of the machine, the same for tests and pages. */
import type { Page } from 'playwright';
import type { ConversationId } from '../../src/model/ids.ts';
import { eventually } from './world.ts';

export const nowMs = (): number => performance.timeOrigin + performance.now();

export const leads = (tab: Page): Promise<boolean> => tab.evaluate(() => window.app.connection.at(-1)?.[1].leader === true);

export const untilLive = (tab: Page): Promise<void> =>
  eventually('a live tab', () => tab.evaluate(() => window.app.connection.at(-1)?.[1].state === 'live'));

/** When this tab was told, after `since`, that it leads. */
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

/** When the tab showed this unread count, after `since`; of one conversation, or in all. */
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
