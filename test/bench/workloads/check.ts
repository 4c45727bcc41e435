/** The checks of every workload: the counts on the screen must equal the counts of the feed. */
import { type Feed, visibleOf } from '../data/feed.ts';
import type { Screen } from '../page/contestant.ts';

export const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`wrong: ${what}`);
};

/** The reports to the main thread, and their number. */
export class Shown implements Screen {
  emissions = 0;
  readonly counts = new Map<string, number>();
  totalNow: number | undefined;
  private waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  onTotal: (count: number) => void = () => undefined;

  total(count: number): void {
    this.emissions++;
    this.totalNow = count;
    this.onTotal(count);
    if (this.waiting?.count === count) this.waiting.resolve();
  }

  count(conversationId: string, count: number): void {
    this.emissions++;
    this.counts.set(conversationId, count);
  }

  /** Resolves once the screen shows this total. */
  reaches(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.totalNow === count) return resolve();
      const timer = setTimeout(() => reject(new Error(`wrong: the page shows ${this.totalNow} unread, counted ${count}`)), 60_000);
      this.waiting = {
        count,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
  }

  /** Waits for the visible counts, which some contestants tell after the total. */
  async agreesWith(feed: Feed, conversations: number): Promise<void> {
    await this.reaches(feed.totalUnread);
    const wrong = (): string | undefined =>
      visibleOf(conversations).find((id) => (this.counts.get(id) ?? 0) !== (feed.unread.get(id) ?? 0));
    for (let tries = 0; wrong() !== undefined && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    const id = wrong();
    check(id === undefined, `${id} shows ${this.counts.get(id ?? '')} unread, counted ${feed.unread.get(id ?? '') ?? 0}`);
  }
}

/** The `seq`s of the newest messages of a conversation. */
export const newestSeqs = (feed: Feed, conversationId: string, limit: number): number[] => {
  const latest = feed.latestSeq.get(conversationId) ?? 0;
  const length = Math.min(limit, latest);
  return Array.from({ length }, (_, i) => latest - length + 1 + i);
};
