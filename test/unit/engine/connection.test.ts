import { describe, expect, it } from 'vitest';
import { ProtocolError, TransportError } from '../../../src/errors.ts';
import {
  type Effect,
  type Event,
  retryLimits,
  type State,
  TABLE,
  transition,
} from '../../../src/engine/sync/connection/connection-states.ts';
import { BACKOFF_CAP_MS, RESTART_SPREAD_MS, UNREACHABLE_CAP_MS } from '../../../src/model/backoff.ts';

const states = Object.keys(TABLE) as State[];
const events = Object.keys(TABLE.idle) as Event[];
const connected: readonly State[] = ['opening', 'greeting', 'catching-up', 'live'];
const withSession: readonly State[] = ['token', ...connected];

describe('the state machine of a connection, over every state and event', () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))('%s × %s', (state, event) => {
    const { to, effects } = transition(state, event);
    expect(states).toContain(to);
    const does = (effect: Effect): boolean => effects.includes(effect);

    // The machine abandons the socket when it leaves a connected state. No other state has a socket.
    if (connected.includes(state)) expect(does('abandon')).toBe(!connected.includes(to));
    // A session ends with its connection, before a new token is asked for. A state without a session ends none.
    const sessionEnds = withSession.includes(state) && to !== state && !connected.includes(to);
    expect(does('end-session')).toBe(sessionEnds);
    if (sessionEnds) expect(effects[0]).toBe('end-session');
    // The measurement of stability begins when a connection becomes live (F57).
    expect(does('arm-stable')).toBe(to === 'live' && state !== 'live');
    // A waiting client has exactly one timer. A client without a wait has none.
    expect(does('arm-retry')).toBe(to === 'waiting' && (state !== 'waiting' || event === 'nudge'));
    if (state === 'waiting' && to !== 'waiting' && event !== 'retry-due') expect(does('disarm-retry')).toBe(true);
    // The client counts every failure, so that the waits grow (I-21).
    expect(does('count-failure')).toBe(does('arm-retry') && event !== 'nudge');
    // The client submits nothing before the server has named the account.
    if (does('submit-and-fetch')) expect(['catching-up', 'live']).toContain(to);
    if (does('greet')) expect(state).toBe('opening');
    // Paused and deposed tabs stop from every state.
    if (event === 'stop') expect(to).toBe('idle');
    // A final refusal stays final until the client is stopped.
    if (state === 'stopped' && event !== 'stop') expect(to).toBe('stopped');
  });

  it('a connection becomes live from every state when no attempt fails', () => {
    for (const state of states) {
      let now = transition(transition(state, 'stop').to, 'start').to;
      for (const event of ['token-ready', 'opened', 'welcome', 'caught-up'] as const) now = transition(now, event).to;
      expect(now).toBe('live');
    }
  });

  it('a client waits seconds after a failed network, and up to minutes after the server refused it (F115)', () => {
    for (const code of ['transport/unreachable', 'transport/timeout', 'transport/closed'] as const) {
      const error = new TransportError(code, 'failed');
      expect(retryLimits({ error })).toEqual({ spreadMs: 0, capMs: UNREACHABLE_CAP_MS });
      expect(retryLimits({ error, isServersWord: true })).toEqual({ spreadMs: 0, capMs: BACKOFF_CAP_MS });
    }
    expect(retryLimits({ error: new ProtocolError('protocol/bad-frame', 'refused') })).toEqual({ spreadMs: 0, capMs: BACKOFF_CAP_MS });
  });

  it('the clients spread their return after a restart of the server, and after no other failure (F56)', () => {
    const error = new TransportError('transport/closed', 'the server restarts');
    expect(retryLimits({ error, inCrowd: true }).spreadMs).toBe(RESTART_SPREAD_MS);
    expect(retryLimits({ error }).spreadMs).toBe(0);
  });
});
