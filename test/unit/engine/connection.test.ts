import { describe, expect, it } from 'vitest';
import { type Effect, type Event, type State, TABLE, transition } from '../../../src/engine/sync/connection/connection-states.ts';

const states = Object.keys(TABLE) as State[];
const events = Object.keys(TABLE.idle) as Event[];
const connected: readonly State[] = ['opening', 'greeting', 'catching-up', 'live'];

describe('connection life, over every state and event', () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))('%s × %s', (state, event) => {
    const { to, effects } = transition(state, event);
    expect(states).toContain(to);
    const does = (effect: Effect): boolean => effects.includes(effect);

    // A socket that is left is abandoned, and nothing else is.
    if (connected.includes(state)) expect(does('abandon')).toBe(!connected.includes(to));
    // Whoever waits has an alarm; whoever stops waiting has none left ringing.
    expect(does('arm-retry')).toBe(to === 'waiting' && state !== 'waiting');
    if (state === 'waiting' && to !== 'waiting' && event !== 'retry-due') expect(does('disarm-retry')).toBe(true);
    // Every failure is counted, so that waits grow (I-21).
    expect(does('count-failure')).toBe(does('arm-retry'));
    // Nothing is submitted before the server has named the account.
    if (does('submit-and-fetch')) expect(['catching-up', 'live']).toContain(to);
    if (does('greet')) expect(state).toBe('opening');
    // Paused and deposed tabs fall silent from any state.
    if (event === 'stop') expect(to).toBe('idle');
    // A final word stays final until the client is stopped.
    if (state === 'stopped' && event !== 'stop') expect(to).toBe('stopped');
  });

  it('comes back from every state to live, when the world is well', () => {
    for (const state of states) {
      let now = transition(transition(state, 'stop').to, 'start').to;
      for (const event of ['token-ready', 'opened', 'welcome', 'caught-up'] as const) now = transition(now, event).to;
      expect(now).toBe('live');
    }
  });
});
