/**
 * The life of one tab as follower and leader, as a pure state machine: no I/O, no clock. Every state answers every event; `leader.ts` runs
 * the effects.
 *
 *                      lock granted                 fencing token written
 *     ┌───────────┐ ─────────────────────▶ ┌──────────┐ ─────────────────────▶ ┌─────────┐
 *     │ following │                        │ claiming │                        │ leading │
 *     └───────────┘ ◀────── retrying ◀──── └──────────┘                        └─────────┘
 *           │        retry          write        ▲                                  │ deposed: another tab leads
 *           │         due           failed       │ no leader answers                │ under a higher fencing token
 *           │ no locks here                      │                                  │
 *           │                              ┌─────────┐                              │
 *           └────────────────────────────▶ │ standby │ ◀────────────────────────────┘
 *                                          └─────────┘
 *
 *     stopped ── start ──▶ following         every state ── stop ──▶ stopped
 *     parked ── nudge ──▶ following          every state but stopped ── park ──▶ parked
 *     following, standby, claiming, leading ── lock stolen ──▶ following
 */

/**
 * `stopped`: not started, or closed.
 * `parked`: the page is about to be frozen, cached or closed. Other tabs lead until the page is back.
 * `following`: the tab waits for the lock, and watches whether a leader answers.
 * `standby`: the tab may lead, because it holds the lock or because there are no locks. It leaves the lead to another tab while that answers.
 * `claiming`: the tab is writing its fencing token to the store.
 * `leading`: the tab syncs under its fencing token.
 * `retrying`: the fencing token could not be written. The tab leaves the lead to other tabs until the retry is due.
 */
export type State = 'stopped' | 'parked' | 'following' | 'standby' | 'claiming' | 'leading' | 'retrying';

export type Event =
  | 'start'
  | 'stop'
  /** The page is about to be frozen, cached or closed. */
  | 'park'
  /** The page came back or went online, or the app called `flush()`: the connection should be tried now. */
  | 'nudge'
  /** A follower tab asks the leader tab to try now. */
  | 'follower-nudged'
  /** A follower tab asks for the leader's status. */
  | 'status-asked'
  /** Another tab claims the lead: it told its status as the leader, or it announced that it takes over. */
  | 'lead-claimed'
  /** A tab that was deposed still speaks as the leader, under a lower fencing token. */
  | 'old-leader-spoke'
  /** The leader tab stepped down. */
  | 'leader-resigned'
  /** The leader did not answer: the watch gave up, and has ended. */
  | 'leader-silent'
  | 'lock-granted'
  /** Another tab stole the lock. */
  | 'lock-stolen'
  /** The browser has no locks here. */
  | 'locks-missing'
  | 'fence-taken'
  | 'fence-failed'
  | 'retry-due'
  /** Another tab leads under a higher fencing token. */
  | 'deposed'
  /** The account was paused or is no longer paused. */
  | 'settings-changed'
  /** The outbox has entries to send. */
  | 'work-pending';

export type Effect =
  /** Joins the queue for the lock. */
  | 'request-lock'
  /** Takes the lock from the tab that holds it. */
  | 'steal-lock'
  | 'release-lock'
  /** Asks at once whether a leader answers, and again and again. */
  | 'watch'
  | 'stop-watch'
  /** Asks at once, unless a question is already open. */
  | 'check-leader'
  /** Asks once more, with a short timeout. */
  | 'check-leader-briefly'
  /** Resets the watch's timeout: the leader answered. */
  | 'note-answer'
  | 'take-fence'
  /** Ignores the fencing token that is being written: another attempt follows, or none. */
  | 'abandon-claim'
  | 'hold-fence'
  | 'drop-fence'
  | 'arm-retry'
  | 'disarm-retry'
  /** Shows the status in the event as the leader's. */
  | 'show-leader'
  | 'show-no-leader'
  /** Starts the connection, or stops it if the account is paused. */
  | 'run-sync'
  | 'stop-sync'
  | 'nudge-sync'
  /** Posts this leader's status to the other tabs. */
  | 'announce'
  /** Announces to the other followers that this tab is taking over: the others stop trying. */
  | 'announce-takeover'
  | 'announce-resigned'
  | 'nudge-leader';

export interface Cell {
  readonly to: State;
  readonly effects: readonly Effect[];
}

export type Table = Record<State, Record<Event, Cell>>;

const cell = (to: State, ...effects: Effect[]): Cell => ({ to, effects });

/** The effects of leaving a state for `stopped` or `parked`: the tab keeps nothing of the lead, and does not ask for the lead. */
const LEAVE: Record<State, readonly Effect[]> = {
  stopped: [],
  parked: [],
  following: ['stop-watch', 'release-lock'],
  standby: ['stop-watch', 'release-lock'],
  claiming: ['abandon-claim', 'release-lock'],
  // The shown status goes before the fencing token: a tab that led knows of no other leader.
  leading: ['stop-sync', 'show-no-leader', 'drop-fence', 'release-lock', 'announce-resigned'],
  retrying: ['disarm-retry'],
};

/** The row of a state that reacts to `stop` and `park` alone. */
const row = (state: State): Record<Event, Cell> => ({
  start: cell(state),
  stop: cell('stopped', ...LEAVE[state]),
  park: cell('parked', ...LEAVE[state]),
  nudge: cell(state),
  'follower-nudged': cell(state),
  'status-asked': cell(state),
  'lead-claimed': cell(state),
  'old-leader-spoke': cell(state),
  'leader-resigned': cell(state),
  'leader-silent': cell(state),
  'lock-granted': cell(state),
  'lock-stolen': cell(state),
  'locks-missing': cell(state),
  'fence-taken': cell(state),
  'fence-failed': cell(state),
  'retry-due': cell(state),
  deposed: cell(state),
  'settings-changed': cell(state),
  'work-pending': cell(state),
});

const QUEUE: readonly Effect[] = ['request-lock', 'watch'];
/** The status of the leader before is out of date. */
const CLAIM: readonly Effect[] = ['stop-watch', 'show-no-leader', 'take-fence'];

/** Several tabs share one store, and hear each other. Total by type: a new state or event does not compile until every cell is decided. */
const SHARED: Table = {
  stopped: { ...row('stopped'), start: cell('following', ...QUEUE), park: cell('stopped') },
  parked: {
    ...row('parked'),
    nudge: cell('following', ...QUEUE, 'nudge-leader'),
    'lead-claimed': cell('parked', 'show-leader'),
  },
  following: {
    ...row('following'),
    nudge: cell('following', 'nudge-leader', 'check-leader'),
    'work-pending': cell('following', 'check-leader'),
    'lead-claimed': cell('following', 'show-leader', 'note-answer'),
    // A frozen tab may hold the lock (F30). The watch goes on until the lock is granted.
    'leader-silent': cell('following', 'show-no-leader', 'announce-takeover', 'steal-lock', 'watch'),
    'lock-granted': cell('claiming', 'announce-takeover', ...CLAIM),
    'lock-stolen': cell('following', ...QUEUE),
    'locks-missing': cell('standby', 'check-leader-briefly'),
  },
  standby: {
    ...row('standby'),
    nudge: cell('standby', 'nudge-leader', 'check-leader'),
    'work-pending': cell('standby', 'check-leader'),
    'lead-claimed': cell('standby', 'show-leader', 'note-answer'),
    'leader-resigned': cell('standby', 'check-leader-briefly'),
    'leader-silent': cell('claiming', ...CLAIM),
    'lock-stolen': cell('following', ...QUEUE),
  },
  claiming: {
    ...row('claiming'),
    nudge: cell('claiming', 'nudge-leader'),
    'lead-claimed': cell('claiming', 'show-leader'),
    'lock-stolen': cell('following', 'abandon-claim', ...QUEUE),
    'fence-taken': cell('leading', 'hold-fence', 'run-sync'),
    'fence-failed': cell('retrying', 'release-lock', 'arm-retry'),
  },
  leading: {
    ...row('leading'),
    nudge: cell('leading', 'nudge-sync'),
    'follower-nudged': cell('leading', 'nudge-sync'),
    'status-asked': cell('leading', 'announce'),
    'old-leader-spoke': cell('leading', 'announce'),
    'settings-changed': cell('leading', 'run-sync'),
    'lock-stolen': cell('following', 'stop-sync', 'show-no-leader', 'drop-fence', ...QUEUE),
    // The other tab may lead for a moment only. If it stops answering, this tab leads again.
    deposed: cell('standby', 'stop-sync', 'show-leader', 'drop-fence', 'watch'),
  },
  retrying: {
    ...row('retrying'),
    nudge: cell('retrying', 'nudge-leader'),
    'lead-claimed': cell('retrying', 'show-leader'),
    'retry-due': cell('following', ...QUEUE),
  },
};

/** The effects that speak to other tabs, or wait for their answers. */
const OVER_BUS: ReadonlySet<Effect> = new Set([
  'watch',
  'stop-watch',
  'check-leader',
  'check-leader-briefly',
  'note-answer',
  'nudge-leader',
  'announce',
  'announce-takeover',
  'announce-resigned',
]);

const withoutBus = (effects: readonly Effect[]): Effect[] => effects.filter((effect) => !OVER_BUS.has(effect));

const unheard = (state: State): Record<Event, Cell> => {
  const cells = { ...SHARED[state] };
  for (const [event, { to, effects }] of Object.entries(cells) as [Event, Cell][]) cells[event] = cell(to, ...withoutBus(effects));
  return cells;
};

const CLAIM_UNHEARD: readonly Effect[] = withoutBus(CLAIM);

/** Other tabs share the store, but no tab can ask another. Without locks the tab in use leads; the fencing token keeps that safe (I-19). */
const NO_BUS: Table = {
  stopped: unheard('stopped'),
  parked: unheard('parked'),
  following: { ...unheard('following'), 'locks-missing': cell('claiming', ...CLAIM_UNHEARD) },
  standby: { ...unheard('standby'), nudge: cell('claiming', ...CLAIM_UNHEARD) },
  claiming: unheard('claiming'),
  leading: unheard('leading'),
  retrying: { ...unheard('retrying'), nudge: cell('following', 'disarm-retry', 'request-lock') },
};

/** The tab's store is in memory, and other tabs cannot read it. The tab always leads itself, and no other tab. */
const ALONE: Table = {
  ...NO_BUS,
  stopped: { ...NO_BUS.stopped, start: cell('claiming', ...CLAIM_UNHEARD) },
  parked: { ...NO_BUS.parked, nudge: cell('claiming', ...CLAIM_UNHEARD) },
  leading: { ...NO_BUS.leading, deposed: cell('claiming', 'stop-sync', 'show-leader', 'drop-fence', ...CLAIM_UNHEARD) },
  retrying: { ...unheard('retrying'), 'retry-due': cell('claiming', ...CLAIM_UNHEARD) },
};

/** `shared`: other tabs share the store and hear each other. `no-bus`: tabs share the store, but cannot ask each other. `alone`: no other tab. */
export type Surroundings = 'shared' | 'no-bus' | 'alone';

export const TABLES: Record<Surroundings, Table> = { shared: SHARED, 'no-bus': NO_BUS, alone: ALONE };

export const transition = (surroundings: Surroundings, state: State, event: Event): Cell => TABLES[surroundings][state][event];
