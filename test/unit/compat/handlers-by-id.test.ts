/** The app's sets of handlers. */
import { expect, it, vi } from 'vitest';
import { HandlersById } from '../../../src/compat/handlers-by-id.ts';

it('an id without handlers is no error, and the other handlers hear the event with their object', () => {
  const reported = vi.spyOn(globalThis, 'queueMicrotask');
  const handlers = new HandlersById<{ onTold?(what: string): void }>();
  const told: unknown[] = [];
  handlers.add('first', undefined as never);
  const second = {
    name: 'second',
    onTold(what: string) {
      told.push([this.name, what]);
    },
  };
  handlers.add('second', second);
  handlers.call('onTold', 'news');
  handlers.remove('second');
  handlers.call('onTold', 'more news');
  expect(told).toEqual([['second', 'news']]);
  expect(reported).not.toHaveBeenCalled();
});
