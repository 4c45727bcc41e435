/** What can go wrong in a browser, by the number that tests name it by. `npm run faults` puts the tests beside each. */

export interface Fault {
  /** Never used again for another. */
  readonly id: `F${string}`;
  readonly fault: string;
  /** Why no test covers it, or what of it none can. */
  readonly reason?: string;
  /** Its test is still to be written: counted, and said each time. */
  readonly open?: true;
}

export interface Chapter {
  readonly title: string;
  readonly faults: readonly Fault[];
}

/** Numbers from 61 on are of the server, of receipts, and of hostile input: tests name them already, their chapters are to come. */
export const LAST_NUMBER = 109;

export const CATALOGUE: readonly Chapter[] = [
  {
    title: 'Storage',
    faults: [
      { id: 'F01', fault: 'WebKit loses its database server: at open, at a transaction, in a request, at commit' },
      { id: 'F02', fault: 'the browser closes the database under us' },
      { id: 'F03', fault: 'a transaction commits itself while its code waits for something else' },
      { id: 'F04', fault: 'a request succeeds, then the transaction aborts for want of room' },
      { id: 'F05', fault: 'the disk is full before the database opens' },
      { id: 'F06', fault: 'what we keep ourselves fills the quota' },
      { id: 'F07', fault: 'an upgrade is blocked by another tab, and nothing more is heard' },
      { id: 'F08', fault: 'another tab deletes or upgrades the database in the middle of a transaction' },
      { id: 'F09', fault: 'old code meets a newer schema' },
      { id: 'F10', fault: 'a crash in the middle of a migration' },
      { id: 'F11', fault: 'the browser evicts all we stored' },
      { id: 'F12', fault: 'the database is corrupt, and comes back empty without a word' },
      { id: 'F13', fault: 'the database never opens again' },
      { id: 'F14', fault: 'power fails, and what was not flushed is gone' },
      { id: 'F15', fault: 'private mode: no IndexedDB, or one that hangs' },
      { id: 'F16', fault: 'opening hangs on the first load' },
      { id: 'F17', fault: 'a transaction never ends' },
      { id: 'F18', fault: 'a value that cannot be cloned' },
      { id: 'F19', fault: 'bad ids and bodies: NaN, NUL, half a pair, nothing, a megabyte' },
      {
        id: 'F20',
        fault: 'keys that the browser cannot put into a value',
        reason: 'no record of ours has a key inside: keys stand beside the records, and are strings and numbers of our own making',
      },
      {
        id: 'F21',
        fault: 'numbers the browser generated are given again after an abort',
        reason: 'the browser makes no key for us: every id is random and given by hand',
      },
      { id: 'F22', fault: 'two writers on one conversation at once' },
      { id: 'F23', fault: 'a hint from another tab is missed' },
      { id: 'F24', fault: 'a hundred thousand intents wait after a long time offline' },
      { id: 'F25', fault: 'persistent storage is refused' },
      { id: 'F26', fault: 'storage stalls for seconds' },
    ],
  },
  {
    title: 'Workers, tabs, lifecycle',
    faults: [
      { id: 'F27', fault: 'the worker dies in the middle of a transaction' },
      { id: 'F28', fault: 'calls wait for a worker that is dead' },
      { id: 'F29', fault: 'the page is frozen' },
      { id: 'F30', fault: 'a frozen tab holds the lead' },
      { id: 'F31', fault: 'a leader goes on writing after it was replaced' },
      { id: 'F32', fault: 'two tabs lead at once' },
      { id: 'F33', fault: 'no Web Locks: an old engine, a partitioned frame, an insecure page' },
      { id: 'F34', fault: 'the page goes into the back/forward cache and comes out of it' },
      { id: 'F35', fault: 'the leading tab crashes or is discarded' },
      { id: 'F36', fault: 'the service worker is killed while it sends' },
      { id: 'F37', fault: 'service worker and page send at once' },
      { id: 'F38', fault: 'Background Sync is missing, or minutes late' },
      { id: 'F39', fault: 'timers of hidden pages run once a minute' },
      { id: 'F40', fault: 'a timer of more than 24 days fires at once' },
      {
        id: 'F41',
        fault: 'memory runs short',
        reason: 'nothing is left to do then: caches are bounded at every moment, and a worker that the browser ends is replaced (F28)',
      },
      { id: 'F42', fault: 'the page is busy for half a minute, or reads slowly' },
      { id: 'F43', fault: 'a new page meets an old worker, or the reverse' },
      { id: 'F44', fault: 'one tab logs out while another sends' },
      { id: 'F45', fault: 'one error ends a stream for good' },
    ],
  },
  {
    title: 'Network',
    faults: [
      { id: 'F46', fault: 'a connection is dead and says nothing' },
      { id: 'F47', fault: 'the connection breaks between sending and the answer' },
      { id: 'F48', fault: 'the old connection still speaks after the new one' },
      { id: 'F49', fault: 'the server says something twice' },
      { id: 'F50', fault: 'news arrive out of order over two roads' },
      { id: 'F51', fault: 'news are lost and nothing breaks' },
      { id: 'F52', fault: 'somebody else answers: a captive portal; "online" that lies' },
      { id: 'F53', fault: 'a proxy lets no WebSocket through, or ends idle ones' },
      { id: 'F54', fault: 'another network, a night of sleep' },
      { id: 'F55', fault: 'losses of a third, two seconds each way, a slow line' },
      { id: 'F56', fault: 'thousands come back at the same moment' },
      { id: 'F57', fault: 'the server takes the connection and drops it, again and again' },
      { id: 'F58', fault: 'a slow line fills the send buffer' },
      { id: 'F59', fault: 'trying again after a final end, or giving up after a passing one' },
      { id: 'F60', fault: 'very much is to be caught up with' },
    ],
  },
  {
    title: 'Reports from the field',
    faults: [
      {
        id: 'F110',
        fault: 'two ids that differ in code points become one id in a store, or a text changes on its way through a store',
      },
      { id: 'F111', fault: 'calls, questions and an end (close, log-out) follow each other in one turn of the page' },
      { id: 'F112', fault: 'a call resolves and changes nothing' },
      { id: 'F113', fault: 'a device shows a count before its first complete snapshot, or totals that were true at no time', open: true },
      { id: 'F114', fault: 'receipts for scattered messages, in more pieces than a summary carries' },
      { id: 'F115', fault: 'a server that keeps refusing is asked again without a growing delay' },
      { id: 'F116', fault: 'a push cannot be shown: no permission, a callback that throws, a muted conversation' },
      { id: 'F117', fault: 'a state or an event says what is not so' },
      { id: 'F118', fault: 'clients that were closed while their worker was booting leave workers or retry loops behind' },
      { id: 'F119', fault: 'one request of any account, or a socket that does not read, fills the memory of the server', open: true },
      { id: 'F120', fault: 'one account takes the server away from all others', open: true },
      { id: 'F121', fault: 'the work of the server grows with the square of a group, or with all connections', open: true },
      { id: 'F122', fault: 'the folder of the store is in use elsewhere, incomplete or damaged' },
      { id: 'F123', fault: 'a token is meant for another service, has expired, or cannot be checked now' },
      { id: 'F124', fault: 'an answer tells that an id exists to a user who may not know' },
      { id: 'F125', fault: 'a connection stays open without end and does nothing', open: true },
      { id: 'F126', fault: 'an option has an unknown name' },
      { id: 'F127', fault: 'the bundler, a policy or another origin keeps the worker from starting' },
      { id: 'F128', fault: 'the server refuses the origin of the page' },
      { id: 'F129', fault: 'the app uses a client again after it closed the client' },
    ],
  },
];
