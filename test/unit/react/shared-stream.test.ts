import { BehaviorSubject, Observable } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { SharedStream } from '../../../src/react/shared-stream.ts';

afterEach(() => vi.unstubAllGlobals());

const turnOver = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

it('several listeners share one subscription and read the latest value', () => {
  const count$ = new BehaviorSubject(1);
  const shared = SharedStream.of(count$);
  expect(shared.read()).toBeUndefined();
  const told: (number | undefined)[] = [];
  shared.listen((value) => told.push(value));
  SharedStream.of(count$).listen((value) => told.push(value));
  expect(shared.read()).toBe(1);
  count$.next(2);
  expect(shared.read()).toBe(2);
  expect(told).toEqual([1, 2, 2]);
});

it('a listener that leaves and enters in one turn keeps the subscription and the value', async () => {
  let opened = 0;
  let closed = 0;
  const stream$ = new Observable<number>((subscriber) => {
    subscriber.next(++opened);
    return () => closed++;
  });
  const shared = SharedStream.of(stream$);
  // As StrictMode, hot reload and a change of the route do.
  shared.listen(() => undefined)();
  const leave = shared.listen(() => undefined);
  await turnOver();
  expect([opened, closed, shared.read()]).toEqual([1, 0, 1]);
  leave();
  await turnOver();
  expect([opened, closed, shared.read()]).toEqual([1, 1, undefined]);
  shared.listen(() => undefined);
  expect([opened, closed, shared.read()]).toEqual([2, 1, 2]);
});

it('after the end of a stream the value is unknown, and listeners hear it', () => {
  const count$ = new BehaviorSubject(1);
  const shared = SharedStream.of(count$);
  const told: (number | undefined)[] = [];
  shared.listen((value) => told.push(value));
  count$.complete();
  expect(told).toEqual([1, undefined]);
  expect(shared.read()).toBeUndefined();
});

it('an error of a stream is reported, because no caller could catch it', () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const error = new Error('closed');
  const shared = SharedStream.of(new Observable<number>((subscriber) => subscriber.error(error)));
  shared.listen(() => undefined);
  expect(reported).toHaveBeenCalledWith(error);
  expect(shared.read()).toBeUndefined();
});
