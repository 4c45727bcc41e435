/** One view: which changes may change its value, how the value is read, and which values are the same. */
import type { ObservableValue } from '../../model/observable-value.ts';
import type { Watcher } from '../../model/api/topic.ts';
import type { Cancel, ClockPort } from '../../ports/ports.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';
import { conflate } from './conflate.ts';

export interface View<T> {
  readonly when: (dirty: Dirty) => boolean;
  /** @returns `undefined` while the value is not known. */
  readonly read: (model: AccountState) => T | undefined | Promise<T>;
  /** Default: the same object, or equal numbers or texts. */
  same?(a: T, b: T): boolean;
  /** Another source of the value, whose changes are shown at once. */
  readonly beside?: Pick<ObservableValue<unknown>, 'listen'>;
}

/** Tells the value at once, and each time it changes. A read that a later one has overtaken is dropped. */
export const watchView = <T>(clock: ClockPort, writer: Writer, view: View<T>, watcher: Watcher<T>): Cancel => {
  const { when, read, beside } = view;
  const same = (a: T, b: T): boolean => (view.same ? view.same(a, b) : a === b);
  const stops: Cancel[] = [];
  let shown: { readonly value: T } | null = null;
  let lastRead = 0;
  let state: 'watching' | 'over' = 'watching';
  const isOver = (): boolean => state === 'over';
  const stop = (): void => {
    state = 'over';
    for (const end of stops.splice(0)) end();
  };
  const failed = (error: unknown): void => {
    if (isOver()) return;
    stop();
    watcher.failed(error);
  };
  const show = (value: T | undefined): void => {
    if (isOver() || value === undefined || (shown && same(shown.value, value))) return;
    shown = { value };
    watcher.next(value);
  };
  const refresh = (): void => {
    const mine = ++lastRead;
    try {
      const found = read(writer.model);
      if (!(found instanceof Promise)) return show(found);
      found.then(
        (value) => {
          if (mine === lastRead) show(value);
        },
        (error: unknown) => {
          if (mine === lastRead) failed(error);
        },
      );
    } catch (error) {
      failed(error);
    }
  };
  stops.push(conflate(clock, writer, when, refresh));
  if (beside) stops.push(beside.listen(refresh));
  if (isOver()) stop();
  return stop;
};
