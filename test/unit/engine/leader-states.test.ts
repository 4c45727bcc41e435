/** The state machine of the leader: every state and event, in all three surroundings of a tab. */
import { describe, expect, it } from 'vitest';
import {
  type Cell,
  type Effect,
  type Event,
  type State,
  type Surroundings,
  TABLES,
  transition,
} from '../../../src/engine/sync/leader/leader-states.ts';

const surroundings = Object.keys(TABLES) as Surroundings[];
const states = Object.keys(TABLES.shared) as State[];
const events = Object.keys(TABLES.shared.stopped) as Event[];
/** The states of a tab with a requested or held lock, unless the browser has no locks. */
const inQueue: readonly State[] = ['following', 'standby', 'claiming', 'leading'];
const watching: readonly State[] = ['following', 'standby'];
const overBus: readonly Effect[] = [
  'watch',
  'stop-watch',
  'check-leader',
  'check-leader-briefly',
  'note-answer',
  'nudge-leader',
  'announce',
  'announce-takeover',
  'announce-resigned',
];

const does = ({ effects }: Cell, ...wanted: Effect[]): boolean => wanted.some((effect) => effects.includes(effect));
const cells = surroundings.flatMap((around) => states.flatMap((state) => events.map((event) => [around, state, event] as const)));

describe('the state machine of the leader, over every state and event', () => {
  it.each(cells)('%s: %s × %s', (around, state, event) => {
    const cell = transition(around, state, event);
    const { to, effects } = cell;
    expect(states).toContain(to);
    expect(new Set(effects).size).toBe(effects.length);

    // A tab leads only under a fencing token accepted by the store (I-19).
    expect(does(cell, 'hold-fence')).toBe(to === 'leading' && state !== 'leading');
    if (to === 'leading' && state !== 'leading') expect([state, event]).toEqual(['claiming', 'fence-taken']);
    expect(does(cell, 'take-fence')).toBe(to === 'claiming' && state !== 'claiming');
    // Before a tab stops leading, the tab stops the connection. Afterwards the tab keeps no fencing token.
    const steppedDown = state === 'leading' && to !== 'leading';
    expect(does(cell, 'drop-fence')).toBe(steppedDown);
    expect(does(cell, 'stop-sync')).toBe(steppedDown);
    if (steppedDown) {
      expect(effects[0]).toBe('stop-sync');
      expect(effects.indexOf('drop-fence')).toBeGreaterThan(effects.findIndex((effect) => /^show-/.test(effect)));
    }
    // The connection runs in the leader tab only.
    if (does(cell, 'run-sync', 'nudge-sync', 'announce')) expect(to).toBe('leading');
    // A tab ignores a fencing token in writing once the tab no longer claims the lead.
    const gaveUp = state === 'claiming' && to !== 'claiming' && event !== 'fence-taken' && event !== 'fence-failed';
    expect(does(cell, 'abandon-claim')).toBe(gaveUp);
    // A tab has a timer during its wait for a retry, and no timer otherwise.
    expect(does(cell, 'arm-retry')).toBe(to === 'retrying' && state !== 'retrying');
    expect(does(cell, 'disarm-retry')).toBe(state === 'retrying' && to !== 'retrying' && event !== 'retry-due');
    // A tab that leaves the queue releases the lock. A stolen lock is not released but requested again.
    const hasLocks = around !== 'alone';
    expect(does(cell, 'release-lock')).toBe(inQueue.includes(state) && !inQueue.includes(to));
    if (hasLocks && !inQueue.includes(state) && inQueue.includes(to)) expect(does(cell, 'request-lock')).toBe(true);
    if (hasLocks && event === 'lock-stolen' && inQueue.includes(state))
      expect([to, does(cell, 'request-lock')]).toEqual(['following', true]);
    // A stopped or parked tab asks for nothing, and is told of no other state than its own.
    if (event === 'stop') expect(to).toBe('stopped');
    if (event === 'park' && state !== 'stopped') expect(to).toBe('parked');
    if (state === 'stopped' && event !== 'start') expect(cell).toEqual({ to: 'stopped', effects: [] });
    if (state === 'parked' && to !== 'parked') expect(['stop', 'nudge']).toContain(event);
    if (around === 'shared') {
      // A tab watches the leader while the tab neither leads nor claims the lead.
      const begins = watching.includes(to) && !watching.includes(state);
      const ends = watching.includes(state) && !watching.includes(to);
      if (begins) expect(does(cell, 'watch')).toBe(true);
      if (ends) expect(does(cell, 'stop-watch')).toBe(true);
      // A silent leader ends the watch.
      if (event === 'leader-silent' && watching.includes(to)) expect(does(cell, 'watch') || !watching.includes(state)).toBe(true);
      // A leaving leader tells the followers.
      expect(does(cell, 'announce-resigned')).toBe(state === 'leading' && ['stop', 'park'].includes(event));
    } else expect(effects.filter((effect) => overBus.includes(effect))).toEqual([]);
  });

  it('a tab alone never requests a lock and never follows', () => {
    // No lock event comes to a tab without a lock request.
    const possible = events.filter((event) => !event.startsWith('lock'));
    const reached = new Set<State>(['stopped']);
    for (const state of reached)
      for (const event of possible) {
        const cell = transition('alone', state, event);
        expect(does(cell, 'request-lock', 'steal-lock')).toBe(false);
        reached.add(cell.to);
      }
    expect([...reached].sort()).toEqual(['claiming', 'leading', 'parked', 'retrying', 'stopped']);
  });

  it('a tab can become the leader from every state', () => {
    const ways: Record<Surroundings, readonly (readonly Event[])[]> = {
      shared: [
        ['lock-granted', 'fence-taken'],
        ['leader-silent', 'lock-granted', 'fence-taken'],
        ['locks-missing', 'leader-silent', 'fence-taken'],
        ['lock-granted', 'fence-failed', 'retry-due', 'lock-granted', 'fence-taken'],
        ['lock-granted', 'fence-taken', 'deposed', 'leader-silent', 'fence-taken'],
        ['lock-granted', 'fence-taken', 'lock-stolen', 'lock-granted', 'fence-taken'],
        ['lock-granted', 'fence-taken', 'park', 'nudge', 'lock-granted', 'fence-taken'],
      ],
      'no-bus': [
        ['lock-granted', 'fence-taken'],
        ['locks-missing', 'fence-taken'],
        ['locks-missing', 'fence-taken', 'deposed', 'nudge', 'fence-taken'],
      ],
      alone: [['fence-taken'], ['fence-failed', 'retry-due', 'fence-taken'], ['fence-taken', 'deposed', 'fence-taken']],
    };
    for (const around of surroundings)
      for (const state of states)
        for (const way of ways[around]) {
          let now = transition(around, transition(around, state, 'stop').to, 'start').to;
          for (const event of way) now = transition(around, now, event).to;
          expect([around, way, now]).toEqual([around, way, 'leading']);
        }
  });
});
