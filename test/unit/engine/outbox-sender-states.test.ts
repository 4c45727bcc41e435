import { describe, expect, it } from 'vitest';
import { type Effect, type Event, type State, TABLE, transition } from '../../../src/engine/sync/outbox/outbox-sender-states.ts';

const states = Object.keys(TABLE) as State[];
const events = Object.keys(TABLE.idle) as Event[];
/** In these states the sender is choosing a batch, in a transaction. */
const choosing: readonly State[] = ['stopping', 'choosing', 'choosing-again'];
const endsOfChoice: readonly Event[] = ['none-chosen', 'wait-chosen', 'batch-chosen'];
const silent: readonly State[] = ['stopped', 'stopping'];

/** Events from the class in a state. */
const canCome = (state: State, event: Event): boolean => {
  if (endsOfChoice.includes(event)) return choosing.includes(state);
  if (event === 'batch-ended') return state === 'in-flight';
  return event !== 'wait-over' || state === 'backing-off';
};

describe('the state machine of the outbox sender, over every state and event', () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))('%s × %s', (state, event) => {
    const { to, effects } = transition(state, event);
    expect(states).toContain(to);
    const does = (effect: Effect): boolean => effects.includes(effect);

    // An impossible event changes nothing.
    if (!canCome(state, event)) expect({ to, effects }).toEqual({ to: state, effects: [] });

    // At most a single choice runs at a time, and a choosing state has a running choice.
    const wasChoosing = choosing.includes(state) && !endsOfChoice.includes(event);
    expect(does('choose')).toBe(choosing.includes(to) && !wasChoosing);
    // Every state waits for a begun choice and forgets none.
    if (wasChoosing) expect(choosing).toContain(to);

    // At most a single batch is in flight. The sender drops the batch at the end of the state (F47, F58).
    expect(does('send-batch')).toBe(to === 'in-flight' && state !== 'in-flight');
    expect(does('drop-batch')).toBe(state === 'in-flight' && to !== 'in-flight');

    // A waiting state has a timer, and every other state has none.
    expect(does('start-wait')).toBe(to === 'backing-off' && state !== 'backing-off');
    expect(does('cancel-wait')).toBe(state === 'backing-off' && to !== 'backing-off' && event !== 'wait-over');

    // No entry is sent without a connection, and only `start` brings one.
    if (event === 'stop') expect(silent).toContain(to);
    if (silent.includes(state) && event !== 'start') expect(silent).toContain(to);

    // A change of the outbox is never lost: the change starts a choice, or the end of the running work starts a choice.
    if (event === 'entries-pending' && !silent.includes(state)) expect(['choosing', 'choosing-again', 'in-flight']).toContain(to);
  });

  it('after a stop and a start, the outbox sender sends from every state', () => {
    for (const state of states) {
      let now = transition(transition(state, 'stop').to, 'start').to;
      while (now === 'choosing-again') now = transition(now, 'none-chosen').to;
      expect(now).toBe('choosing');
      expect(transition(now, 'batch-chosen')).toEqual({ to: 'in-flight', effects: ['send-batch'] });
    }
  });

  it('the outbox sender chooses again after a change of the outbox during a choice without a batch', () => {
    const during = transition('choosing', 'entries-pending').to;
    for (const end of ['none-chosen', 'wait-chosen'] as const)
      expect(transition(during, end)).toEqual({ to: 'choosing', effects: ['choose'] });
  });
});
