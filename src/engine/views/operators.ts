/**
 * Operators of the views. Those of RxJS with the same purpose accept promises, iterables and web streams too, and the worker would load the
 * conversion of all of them.
 */
import { Observable, type OperatorFunction, type MonoTypeOperatorFunction } from 'rxjs';

/** Emits what `read` finds after each value. The result of a read that a later read has overtaken is dropped. */
export const reading =
  <S, T>(read: (value: S) => T | Promise<T>): OperatorFunction<S, T> =>
  (values$) =>
    new Observable<T>((subscriber) => {
      let latest = 0;
      return values$.subscribe((value) => {
        const mine = ++latest;
        const found = read(value);
        if (!(found instanceof Promise)) return subscriber.next(found);
        found.then(
          (result) => mine === latest && subscriber.next(result),
          (error: unknown) => mine === latest && subscriber.error(error),
        );
      });
    });

/** Emits the newest value of each of two streams, once both have one. */
export const beside =
  <S extends object, T extends object>(others$: Observable<T>): OperatorFunction<S, readonly [S, T]> =>
  (values$) =>
    new Observable<readonly [S, T]>((subscriber) => {
      let [value, other]: [S?, T?] = [];
      const emit = (): void => {
        if (value && other) subscriber.next([value, other]);
      };
      subscriber.add(
        others$.subscribe((next) => {
          other = next;
          emit();
        }),
      );
      subscriber.add(
        values$.subscribe((next) => {
          value = next;
          emit();
        }),
      );
    });

/** Completes when `end$` emits. */
export const until =
  <T>(end$: Observable<unknown>): MonoTypeOperatorFunction<T> =>
  (values$) =>
    new Observable<T>((subscriber) => {
      subscriber.add(end$.subscribe(() => subscriber.complete()));
      values$.subscribe(subscriber);
    });
