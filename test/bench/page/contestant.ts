/** A contestant in the eyes of a workload. A contestant has only the methods of its own workloads. */
import type { Amount, Target } from '../data/feed.ts';

export interface Setting extends Amount {
  /** Address of the receipt server, for a contestant with a server. */
  readonly url: string;
}

/** The screen of the user: the contestant tells the main thread each change of the total and of the visible counts. */
export interface Screen {
  total(count: number): void;
  count(conversationId: string, count: number): void;
}

export interface Summary {
  readonly total: number;
  /** Ids of the newest conversations, newest first. */
  readonly newest: readonly string[];
  /** Further times of the contestant, in ms since the navigation. */
  readonly times?: Readonly<Record<string, number>>;
}

export interface Contestant {
  /** Opens the filled database. */
  open?(setting: Setting, screen: Screen): Promise<void>;
  /** Gets the backlog ready, so the bench measures only the storing. */
  prepare?(): Promise<void>;
  /**
   * Stores the whole backlog, and resolves when the last message is committed. Returns the times of the contestant in ms:
   * `ms` until all messages are committed, without the work of making them; `totalMs` until the total on the page is right,
   * where this comes before.
   */
  ingest?(): Promise<Readonly<Record<string, number>>>;
  /** Receives messages at this rate, and resolves with the time of the first message (epoch ms) when all are stored. */
  live?(perSecond: number, seconds: number): Promise<number>;
  /** Opens the database and reads the total and the 50 newest conversations. */
  coldStart?(setting: Setting): Promise<Summary>;
  countUnread?(): Promise<number>;
  /**
   * The newest messages of a conversation, oldest first, as their `seq`s.
   *
   * @param latestSeq waits until this message is there, if the contestant can fetch the message.
   */
  openConversation?(conversationId: string, limit: number, latestSeq?: number): Promise<readonly number[]>;
  /** Starts to queue receipts while there is no network. */
  goOffline?(setting: Setting): Promise<void>;
  /** Queues one read receipt. Resolves when the receipt is stored, as durably as the contestant stores. */
  queueReceipt?(target: Target): Promise<void>;
  /** Sends this many changes of the counts of 1,000 conversations from a worker to the page. @returns the newest value of each. */
  stream?(changes: number): Promise<ReadonlyMap<number, number>>;
}
