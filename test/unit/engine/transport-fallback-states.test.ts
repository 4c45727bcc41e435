import { describe, expect, it } from 'vitest';
import {
  awaitsFirstFrame,
  type Effect,
  type Event,
  type State,
  TABLE,
  transition,
} from '../../../src/engine/sync/connection/transport-fallback-states.ts';

const states = Object.keys(TABLE) as State[];
const events = Object.keys(TABLE.closed) as Event[];
const onSocket: readonly State[] = ['socket-opening', 'socket-silent', 'on-socket'];
const socketWithoutFrame: readonly State[] = ['socket-opening', 'socket-silent'];
const http: readonly State[] = ['http-opening', 'http-resuming', 'http-silent', 'on-http', 'http-trying'];
const endsOfLink: readonly Event[] = ['broke', 'link-failed', 'server-closed'];

describe('the state machine of a transport, over every state and event', () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))('%s × %s', (state, event) => {
    const { to, effects } = transition(state, event);
    expect(states).toContain(to);
    const does = (effect: Effect): boolean => effects.includes(effect);

    // A closed transport does nothing, and every transition to `closed` releases the links and the timer (F48).
    if (state === 'closed') expect({ to, effects }).toEqual({ to: 'closed', effects: [] });
    expect(does('release')).toBe(to === 'closed' && state !== 'closed');
    if (does('release')) expect(does('cancel-timer')).toBe(true);
    if (event === 'close') expect({ to, told: does('tell-closed') }).toEqual({ to: 'closed', told: false });

    // The caller gets the end of the link in use, unless the transport falls back.
    if (endsOfLink.includes(event) && state !== 'closed') expect(does('tell-closed')).toBe(!does('fall-back'));

    // A frame of the link in use is never lost, in any state.
    if (event === 'frame' && state !== 'closed') expect(does('tell-frame')).toBe(true);
    if (event === 'malformed' && state !== 'closed') expect({ to, effects }).toEqual({ to: state, effects: ['tell-malformed'] });

    // Only a WebSocket without a frame falls back, and only a welcomed candidate leads from HTTP back to a
    // WebSocket (F53).
    expect(does('fall-back')).toBe(socketWithoutFrame.includes(state) && http.includes(to));
    expect(does('use-candidate')).toBe(http.includes(state) && onSocket.includes(to));
    expect(does('tell-moved')).toBe(does('use-candidate'));
    if (does('use-candidate')) expect(event).toBe('candidate-welcomed');

    // Frames are kept until the first frame of the server, and no longer. The machine repeats frames that the
    // first link has already carried.
    expect(does('forget-frames')).toBe(awaitsFirstFrame(state) && to !== 'closed' && !awaitsFirstFrame(to));
    if (awaitsFirstFrame(to)) expect(awaitsFirstFrame(state)).toBe(true);
    expect(does('repeat-frames')).toBe(state === 'http-resuming' && event === 'opened');

    // On HTTP exactly one timer runs: for the next attempt, or for the candidate.
    expect(does('start-retry')).toBe(to === 'on-http' && state !== 'on-http');
    expect(does('open-candidate')).toBe(to === 'http-trying' && state !== 'http-trying');
    if (state === 'http-trying' && to !== state) expect(does('cancel-timer')).toBe(true);
    expect(does('drop-candidate')).toBe(state === 'http-trying' && to === 'on-http');

    // Only a frame of the server over a WebSocket counts as a success of WebSockets.
    if (does('count-success')) expect(onSocket.includes(state) || does('use-candidate')).toBe(true);
    if (event === 'server-closed') expect(does('count-success')).toBe(onSocket.includes(state));
  });

  it.each([
    ['at once', [], ['tell-opened']],
    ['after the WebSocket opened', ['opened'], ['tell-opened', 'repeat-frames']],
  ] as const)('the caller gets the opening of the transport once, with a fallback %s', (_, before, told) => {
    let now: State = 'socket-opening';
    const done: Effect[] = [];
    for (const event of [...before, 'link-failed', 'opened', 'frame', 'retry-due', 'candidate-welcomed'] as const) {
      const { to, effects } = transition(now, event);
      done.push(...effects);
      now = to;
    }
    expect(now).toBe('on-socket');
    expect(done.filter((effect) => effect === 'tell-opened' || effect === 'repeat-frames')).toEqual(told);
  });
});
