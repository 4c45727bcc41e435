/** The invariants of Tidemark in full. `npm run invariants` writes src/INVARIANTS.md from them and from the titles of the tests. */

export interface Invariant {
  /** The number of an invariant is never used again for another. */
  readonly id: `I-${number}`;
  readonly name: string;
  readonly chapter: string;
  readonly text: string;
}

export const INVARIANTS: readonly Invariant[] = [
  {
    id: 'I-1',
    name: 'Accept',
    chapter: 'Receipts',
    text: 'A call ends in one of three ways. It resolves after its intent is in a completed strict transaction. In memory mode it resolves after its intent is in memory, and `watchConnection()` says `volatile`. Otherwise it rejects.',
  },
  {
    id: 'I-2',
    name: 'Exactly once in effect',
    chapter: 'Receipts',
    text: 'For every accepted intent the server changes as if the intent ran exactly once, for any number of sends, nodes and restarts. Effects are idempotent by construction: positions merge by maximum, receipts by union, the first time of a receipt stays, a message is found by its id.',
  },
  {
    id: 'I-3',
    name: 'No silent end',
    chapter: 'Receipts',
    text: "Every accepted entry ends in exactly one visible state (confirmed, superseded, expired, rejected, cancelled), or it is pending. The loss of a device's storage is reported as `storageLost`. At every moment the number of accepted entries is the sum of the ended and the pending ones.",
  },
  {
    id: 'I-4',
    name: 'Positions never go back',
    chapter: 'Receipts',
    text: "A read position never decreases: on no device, in no database, and on no wire, within one epoch of the server's history.",
  },
  {
    id: 'I-5',
    name: 'No invention',
    chapter: 'Receipts',
    text: "A position is never above the newest message that the user's intent named. A user has read a message only if a device of that user made an intent that names the message, or made a conversation receipt that covers the message. The sender of a message never reads it.",
  },
  {
    id: 'I-6',
    name: 'Privacy',
    chapter: 'Receipts',
    text: "A public receipt is sent only if the setting was on when the user acted and is on when the receipt is sent, and, for a message receipt, if the message requested receipts. Sync between a user's own devices never causes one. Switching receipts off cancels those that are pending; private positions still travel to the user's own devices.",
  },
  {
    id: 'I-7',
    name: 'Delivered includes read',
    chapter: 'Receipts',
    text: 'In a direct chat a read message is delivered. A later delivery receipt never takes a read back. Group messages have no delivery receipts.',
  },
  {
    id: 'I-8',
    name: 'Causality',
    chapter: 'Receipts',
    text: 'Entries of one account and conversation leave in the order of the intents, or as one merged entry that includes all of them. A change of settings goes before later receipts. No receipt exists for an own message.',
  },
  {
    id: 'I-9',
    name: 'One clock decides expiry',
    chapter: 'Receipts',
    text: "Whether a receipt came in time depends on the message's server time and the database's now, and on nothing else. One entry never gets both verdicts.",
  },
  {
    id: 'I-10',
    name: 'Visibility',
    chapter: 'Receipts',
    text: 'Counts and lists of readers are returned to the users whom the policy allows. Other users get the same bytes as for a message without receipts.',
  },
  {
    id: 'I-11',
    name: 'Bounds of counts',
    chapter: 'Receipts',
    text: "A read count is never above the number of members at the message's commit, its sender excluded, and it never falls, except by a recall.",
  },
  {
    id: 'I-12',
    name: 'What unread means',
    chapter: 'Unread counts',
    text: 'The unread count of a conversation is the number of countable messages of other users above the read position, without recalled messages and messages from before the user joined. The total is the sum over the conversations that are not muted. The marked-unread flag alone changes no count; a conversation marked unread from a message on counts at least the messages from there on.',
  },
  {
    id: 'I-13',
    name: 'Counts are derived',
    chapter: 'Unread counts',
    text: 'Each count equals (a) the count that the summary and the pending entries give, computed again in the same transaction; and (b) where the device stores all messages of the conversation, the count of the stored messages.',
  },
  {
    id: 'I-14',
    name: 'Convergence',
    chapter: 'Unread counts',
    text: 'When faults stop and no new intents come, all devices of a user show the same counts, the outboxes are empty, and every sender sees the receipts that the server has.',
  },
  {
    id: 'I-15',
    name: 'No flicker',
    chapter: 'Unread counts',
    text: 'Each emitted count is the count of one moment, and the moments of one device only advance. A count is never negative and never above the number of messages.',
  },
  {
    id: 'I-16',
    name: 'Local first',
    chapter: 'Unread counts',
    text: 'Once a call has resolved, the next emission shows its effect, online or offline.',
  },
  {
    id: 'I-17',
    name: 'Contiguity',
    chapter: 'Sync and storage',
    text: "A device applies a frame of changes only if the frame starts at the device's own cursor. Otherwise the device pulls. Cursor and rows are stored in one transaction.",
  },
  {
    id: 'I-18',
    name: 'Crash atomicity',
    chapter: 'Sync and storage',
    text: 'If a crash leaves only the first n committed transactions on the disk, for any n, a restart satisfies all invariants. An intent and its outbox entry, a cursor and its rows, the end of an entry and the row of its answer commit together.',
  },
  {
    id: 'I-19',
    name: 'Fencing',
    chapter: 'Sync and storage',
    text: 'A tab that is the leader no more changes nothing in the store.',
  },
  {
    id: 'I-20',
    name: 'Delete after the answer',
    chapter: 'Sync and storage',
    text: 'An entry leaves the outbox only in the transaction that records its end.',
  },
  {
    id: 'I-21',
    name: 'Progress',
    chapter: 'Sync and storage',
    text: 'Every retry changes its request or waits for a growing, jittered time.',
  },
  {
    id: 'I-22',
    name: 'Bounded',
    chapter: 'Sync and storage',
    text: 'After compaction the outbox holds at most one unsent receipts entry per conversation, beside messages and recalls. Memory and socket buffers stay under their limits.',
  },
  {
    id: 'I-23',
    name: 'Accounts',
    chapter: 'Security',
    text: 'No row, event, entry or token of one account is read, sent or shown in another account, in any order of log-in, log-out, crash and second tab.',
  },
  {
    id: 'I-24',
    name: 'Identity',
    chapter: 'Security',
    text: 'The server takes sender, reader, device and time from the session. A body that names them is refused.',
  },
  {
    id: 'I-25',
    name: 'Membership where it acts',
    chapter: 'Security',
    text: 'The server checks membership in the transaction of the effect, not when the connection opens.',
  },
  {
    id: 'I-26',
    name: 'After a log-out',
    chapter: 'Security',
    text: 'After a log-out has resolved, no byte of the account leaves the device, and no row of it is stored unless the app asked to keep it.',
  },
];
