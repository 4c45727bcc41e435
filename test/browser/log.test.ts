/** The option `log`: records of a real worker reach the page. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLevel } from '../../src/index.ts';
import { Backend, until } from './backend.ts';

interface Logged {
  readonly level: LogLevel;
  readonly event: string;
  readonly details: object | undefined;
}

describe('the log of a client', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.start();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await backend.stop();
  });

  it('the app’s log function gets every record of the worker, in order, with its details and without texts of a user', async () => {
    const records: Logged[] = [];
    const alice = await backend.live('alice', { log: (level, event, details) => void records.push({ level, event, details }) });
    await alice.sendMessage('direct:bob', 'a secret');
    await until(alice.watchOutbox(), ({ pending }) => pending === 0);
    const named = (event: string): Logged[] => records.filter((record) => record.event === event);
    await expect.poll(() => named('batch-sent').length).toBeGreaterThan(0);
    // The device sends the entry again if a busy browser loses the connection before the answer. Each sending is a record.
    for (const record of named('batch-sent'))
      expect(record).toEqual({ level: 'debug', event: 'batch-sent', details: expect.objectContaining({ entries: 1 }) });
    expect(named('leader-changed')[0]).toMatchObject({ level: 'info', details: { leads: true } });
    expect(named('caught-up')).toEqual([{ level: 'info', event: 'caught-up', details: { over: 'connection' } }]);
    const order = records.map(({ event }) => event).filter((event) => ['leader-changed', 'caught-up', 'batch-sent'].includes(event));
    expect([...new Set(order)]).toEqual(['leader-changed', 'caught-up', 'batch-sent']);
    expect(named('connection-changed').map(({ details }) => details)).toContainEqual({ state: 'live' });
    expect(JSON.stringify(records)).not.toMatch(/a secret|token-of-alice/);
  });

  it('a warning names the kind of error with which the app’s getToken fails, and never its text', async () => {
    const records: Logged[] = [];
    const alice = backend.client('alice', {
      getToken: () => Promise.reject(new TypeError('token-of-alice was not accepted')),
      log: (level, event, details) => void records.push({ level, event, details }),
    });
    await until(alice.watchConnection(), ({ error }) => error?.code === 'auth/unavailable');
    expect(records).toContainEqual({ level: 'warn', event: 'token-not-given', details: { code: 'TypeError' } });
    expect(JSON.stringify(records)).not.toContain('token-of-alice');
  });

  it('without the option `log`, the console of the page gets the warnings of the worker and nothing else', async () => {
    const written: string[] = [];
    for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const)
      vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => void written.push(`${method} ${String(parts[0])}`));
    const carol = backend.client('carol', { getToken: () => 'token-of-dave' });
    await until(carol.watchConnection(), ({ state }) => state === 'stopped');
    await expect.poll(() => written.filter((line) => line.includes('tidemark'))).toEqual(['warn tidemark: connection-stopped']);
  });
});
