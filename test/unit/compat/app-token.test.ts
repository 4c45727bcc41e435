/** When the app's token is over, and when the facade hands out the next one. */
import { describe, expect, it } from 'vitest';
import { createAppToken } from '../../../src/compat/app-token.ts';

const error = { code: 'auth/expired', message: 'the server no longer accepts the token' } as const;

describe('the token of an app', () => {
  it('the statuses after a refusal, which still carry its error, do not end the renewed token', async () => {
    const token = createAppToken('old');
    expect(token.isRefused({ state: 'offline', error, retryAt: 1000 }) && token.end()).toBe(true);
    const next = token.get();
    token.renew('new');
    expect(await next).toBe('new');
    expect(token.isRefused({ state: 'offline', error, retryAt: 1000 })).toBe(false);
    expect(token.isRefused({ state: 'connecting', error, retryAt: null })).toBe(false);
    expect(token.isRefused({ state: 'offline', error, retryAt: null })).toBe(false);
    expect(token.get()).toBe('new');
  });

  it('a refusal of the renewed token is told again', () => {
    const token = createAppToken('old');
    expect(token.isRefused({ state: 'offline', error, retryAt: 1000 }) && token.end()).toBe(true);
    token.renew('new');
    expect(token.isRefused({ state: 'offline', error, retryAt: 2000 }) && token.end()).toBe(true);
  });

  it('a token that is over is told once until the app brings another', () => {
    const token = createAppToken('old');
    expect(token.end()).toBe(true);
    expect(token.isRefused({ state: 'offline', error, retryAt: 1000 }) && token.end()).toBe(false);
    expect(token.isRefused({ state: 'offline', error, retryAt: 2000 }) && token.end()).toBe(false);
  });

  it('an error that is no refusal of the token does not end the token', () => {
    const token = createAppToken('old');
    const unreachable = { code: 'transport/unreachable', message: '' } as const;
    expect(token.isRefused({ state: 'offline', error: unreachable, retryAt: 1000 })).toBe(false);
    expect(token.get()).toBe('old');
  });
});
