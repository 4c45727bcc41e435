/** Answers the frames of a client whose token has named the account. */
import type { UserId } from '../../model/ids.ts';
import type { Cursor } from '../../model/outbox-entry.ts';
import type { ClientFrame, Frame } from '../../protocol/frames.ts';
import { answerFetch, answerMembers, answerReceipts } from './answer-fetch.ts';
import type { Core } from '../core.ts';
import { isStillConfirmed } from '../feed/cursors.ts';
import { FeedSender } from './feed-sender.ts';
import type { Greeting } from './greeting.ts';
import { CLOSE } from '../../protocol/close-codes.ts';
import { ASKING } from './allowance.ts';
import { Meter } from './meter.ts';
import type { Outgoing } from './outgoing.ts';
import { submitEntries } from '../submit/submit.ts';

/** What the answers use of their connection. */
export interface OwnConnection {
  readonly id: string;
  readonly out: Outgoing;
  readonly greeting: Greeting;
  /** Lets waiting frames overtake, between two pages of a long answer. */
  readonly letOvertake: () => Promise<void>;
  /** Makes the hints for the account arrive here. */
  readonly listen: () => void;
  /** Reads the news at once. */
  readonly wake: () => void;
  /** Set for the one exchange of an HTTP request. */
  readonly once: { readonly pullChars: number } | undefined;
}

export class NamedClient {
  private readonly feed: FeedSender;
  private readonly meter: Meter;
  private deleted: boolean | undefined;
  /** The newest cursor in an answer on this connection. This history contains the cursor, so no lookup is necessary. */
  private lastAnswerAt: Cursor | undefined;

  /** @param core the shared core, with a store that takes the turns of this account. */
  constructor(
    private readonly core: Core,
    readonly userId: UserId,
    private readonly own: OwnConnection,
  ) {
    const { out, once, letOvertake, wake } = own;
    this.feed = new FeedSender(core, out, letOvertake, wake, once?.pullChars);
    this.meter = new Meter(core, out, userId, once === undefined);
  }

  async take(frame: ClientFrame): Promise<void> {
    // The host may accept the token of a deleted user for a while. Entries are refused by their own transaction.
    if (ASKING.has(frame.type) && (await this.isDeleted()))
      return this.own.out.fail('auth/forbidden', 'this account is deleted', CLOSE.unauthorized);
    await this.meter.run(frame, () => this.answer(frame));
  }

  /** Asks the store once: a deletion ends the connections of its user. */
  private async isDeleted(): Promise<boolean> {
    this.deleted ??= (await this.core.store.read('deleted', (tx) => tx.deletedUsers([this.userId]))).size > 0;
    return this.deleted;
  }

  async pullNews(): Promise<void> {
    await this.feed.pullNews(this.userId);
  }

  /** Ends the wait of a pull for news. */
  endWait(): void {
    this.feed.release();
  }

  stop(): void {
    this.feed.stop();
    this.meter.stop();
  }

  private async answer(frame: ClientFrame): Promise<void> {
    const { core, feed, userId: me } = this;
    const { out, greeting, letOvertake } = this.own;
    switch (frame.type) {
      case 'hello':
        return out.bad('hello comes once');
      case 'auth':
        return greeting.renew(frame, me);
      case 'pull':
        return this.pull(frame);
      case 'submit':
        return this.submit(frame);
      case 'fetch':
        return answerFetch(core, out, me, frame, letOvertake);
      case 'fetch-receipts':
        return answerReceipts(core, out, me, frame);
      case 'fetch-members':
        return answerMembers(core, out, me, frame);
      case 'ping': {
        const caughtUp = await feed.pullNews(me);
        return out.send({ type: 'pong', ...(caughtUp ? { caughtUp } : {}) });
      }
    }
  }

  private async pull({ cursor, confirmedAt, waitMs, snapshot, live }: Frame<'pull'>): Promise<void> {
    const { feed, userId: me } = this;
    const { once, listen } = this.own;
    if (!(await this.isConfirmedHere(confirmedAt))) return feed.lostHistory();
    if (!once || cursor === null || !waitMs) return feed.pull(me, cursor, false, snapshot, live ? 'all' : 'none');
    listen();
    return feed.pullWaiting(me, cursor, waitMs);
  }

  private async submit({ id, entries, confirmedAt }: Frame<'submit'>): Promise<void> {
    const { core, userId } = this;
    const { id: told, out, greeting } = this.own;
    if (entries.length > core.policy().limits.entries) return out.bad('more entries than limits.entries', id);
    if (!(await this.isConfirmedHere(confirmedAt)))
      return out.refuse('protocol/cursor-unknown', 'the server has lost entries confirmed up to this cursor: pull from null', id);
    const { results, hints, at, isToldByRows } = await submitEntries(core, { userId, deviceId: greeting.deviceId }, entries);
    out.send({ type: 'answer', id, results: [...results], ...(at === undefined ? {} : { at }) });
    this.lastAnswerAt = at ?? this.lastAnswerAt;
    // Hints follow the answer, so that a client learns of its own entries from the answer first.
    for (const hint of hints) core.bus.publish(isToldByRows ? { ...hint, told } : hint);
  }

  private async isConfirmedHere(confirmedAt: Cursor | undefined): Promise<boolean> {
    return (
      confirmedAt === undefined ||
      confirmedAt === this.lastAnswerAt ||
      (await this.core.store.read('confirmedAt', (tx) => isStillConfirmed(tx, confirmedAt)))
    );
  }
}
