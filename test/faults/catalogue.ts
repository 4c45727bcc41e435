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
      { id: 'F01', fault: 'WebKit loses its database server: at open, at a transaction, in a request, at commit', open: true },
      { id: 'F02', fault: 'the browser closes the database under us', open: true },
      { id: 'F03', fault: 'a transaction commits itself while its code waits for something else', open: true },
      { id: 'F04', fault: 'a request succeeds, then the transaction aborts for want of room', open: true },
      { id: 'F05', fault: 'the disk is full before the database opens', open: true },
      { id: 'F06', fault: 'what we keep ourselves fills the quota', open: true },
      { id: 'F07', fault: 'an upgrade is blocked by another tab, and nothing more is heard', open: true },
      { id: 'F08', fault: 'another tab deletes or upgrades the database in the middle of a transaction', open: true },
      { id: 'F09', fault: 'old code meets a newer schema', open: true },
      { id: 'F10', fault: 'a crash in the middle of a migration', open: true },
      { id: 'F11', fault: 'the browser evicts all we stored', open: true },
      { id: 'F12', fault: 'the database is corrupt, and comes back empty without a word', open: true },
      { id: 'F13', fault: 'the database never opens again', open: true },
      { id: 'F14', fault: 'power fails, and what was not flushed is gone', open: true },
      { id: 'F15', fault: 'private mode: no IndexedDB, or one that hangs', open: true },
      { id: 'F16', fault: 'opening hangs on the first load', open: true },
      { id: 'F17', fault: 'a transaction never ends', open: true },
      { id: 'F18', fault: 'a value that cannot be cloned', open: true },
      { id: 'F19', fault: 'bad ids and bodies: NaN, NUL, half a pair, nothing, a megabyte', open: true },
      { id: 'F20', fault: 'keys that the browser cannot put into a value', open: true },
      { id: 'F21', fault: 'numbers the browser generated are given again after an abort', open: true },
      { id: 'F22', fault: 'two writers on one conversation at once', open: true },
      { id: 'F23', fault: 'a hint from another tab is missed', open: true },
      { id: 'F24', fault: 'a hundred thousand intents wait after a long time offline', open: true },
      { id: 'F25', fault: 'persistent storage is refused', open: true },
      { id: 'F26', fault: 'storage stalls for seconds', open: true },
    ],
  },
  {
    title: 'Workers, tabs, lifecycle',
    faults: [
      { id: 'F27', fault: 'the worker dies in the middle of a transaction', open: true },
      { id: 'F28', fault: 'calls wait for a worker that is dead', open: true },
      { id: 'F29', fault: 'the page is frozen', open: true },
      { id: 'F30', fault: 'a frozen tab holds the lead', open: true },
      { id: 'F31', fault: 'a leader goes on writing after it was replaced', open: true },
      { id: 'F32', fault: 'two tabs lead at once', open: true },
      { id: 'F33', fault: 'no Web Locks: an old engine, a partitioned frame, an insecure page', open: true },
      { id: 'F34', fault: 'the page goes into the back/forward cache and comes out of it', open: true },
      { id: 'F35', fault: 'the leading tab crashes or is discarded', open: true },
      { id: 'F36', fault: 'the service worker is killed while it sends', open: true },
      { id: 'F37', fault: 'service worker and page send at once', open: true },
      { id: 'F38', fault: 'Background Sync is missing, or minutes late', open: true },
      { id: 'F39', fault: 'timers of hidden pages run once a minute', open: true },
      { id: 'F40', fault: 'a timer of more than 24 days fires at once', open: true },
      { id: 'F41', fault: 'memory runs short', open: true },
      { id: 'F42', fault: 'the page is busy for half a minute, or reads slowly', open: true },
      { id: 'F43', fault: 'a new page meets an old worker, or the reverse', open: true },
      { id: 'F44', fault: 'one tab logs out while another sends', open: true },
      { id: 'F45', fault: 'one error ends a stream for good', open: true },
    ],
  },
  {
    title: 'Network',
    faults: [
      { id: 'F46', fault: 'a connection is dead and says nothing', open: true },
      { id: 'F47', fault: 'the connection breaks between sending and the answer', open: true },
      { id: 'F48', fault: 'the old connection still speaks after the new one', open: true },
      { id: 'F49', fault: 'the server says something twice', open: true },
      { id: 'F50', fault: 'news arrive out of order over two roads', open: true },
      { id: 'F51', fault: 'news are lost and nothing breaks', open: true },
      { id: 'F52', fault: 'somebody else answers: a captive portal; "online" that lies', open: true },
      { id: 'F53', fault: 'a proxy lets no WebSocket through, or ends idle ones', open: true },
      { id: 'F54', fault: 'another network, a night of sleep', open: true },
      { id: 'F55', fault: 'losses of a third, two seconds each way, a slow line', open: true },
      { id: 'F56', fault: 'thousands come back at the same moment', open: true },
      { id: 'F57', fault: 'the server takes the connection and drops it, again and again', open: true },
      { id: 'F58', fault: 'a slow line fills the send buffer', open: true },
      { id: 'F59', fault: 'trying again after a final end, or giving up after a passing one', open: true },
      { id: 'F60', fault: 'very much is to be caught up with', open: true },
    ],
  },
];
