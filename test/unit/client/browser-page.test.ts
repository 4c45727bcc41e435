import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiptClient, UsageError } from '../../../src/index.ts';

const options = { url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' };

afterEach(() => vi.useRealTimers());

const refusal = (more: object = {}): UsageError => {
  try {
    createReceiptClient({ ...options, ...more });
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was created');
};

describe('outside a browser page', () => {
  it('createReceiptClient names the missing features and the right place to create the client, and leaves no timer (F118)', () => {
    vi.useFakeTimers();
    const error = refusal();
    expect(error.code).toBe('usage/invalid-option');
    expect(error.message).toMatch(/missing here: document, (navigator, )?Worker\./);
    expect(error.message).toContain('create the client in the browser');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('the option `worker` does not replace the page, and is never called (F118)', () => {
    const worker = vi.fn();
    expect(refusal({ worker }).message).toMatch(/missing here: document(, navigator)?\./);
    expect(worker).not.toHaveBeenCalled();
  });

  it('invalid options are reported first', () => {
    expect(refusal({ url: 'nowhere' }).message).toContain('url must be');
  });
});
