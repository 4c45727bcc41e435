/** The options of the outbox: a wrong option is refused by name, before the outbox opens anything. */
import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import type { OutboxOptions } from '../../../src/outbox/outbox.ts';
import { createReceiptOutbox } from '../../../src/outbox/outbox.ts';

const right: OutboxOptions = { name: 'sdk:alice', send: () => Promise.resolve(), connected: NEVER };

it.each([
  ['an unknown option', { conversationsCoverMessages: true }, 'unknown option "conversationsCoverMessages"'],
  ['no name', { name: '' }, '`name` is ""; give the name of the account'],
  ['no `send`', { send: undefined }, '`send` is undefined; give a function'],
  ['no `connected`', { connected: undefined }, '`connected` is undefined; give an Observable'],
  ['a `connected` that is no Observable', { connected: true }, '`connected` is true; give an Observable'],
])('%s is refused', (_, wrong, message) => {
  expect(() => createReceiptOutbox({ ...right, ...wrong } as OutboxOptions)).toThrow(
    expect.objectContaining({ code: 'usage/invalid-option', message }),
  );
});
