/** Counts the steps of all loops and copies over arrays, sets and maps while the function runs: work, measured without a clock. */
export const countSteps = async (run: () => Promise<unknown>): Promise<number> => {
  let steps = 0;
  const restore = [Array.prototype, Set.prototype, Map.prototype].map((prototype) => {
    const holder = prototype as { [Symbol.iterator]: () => Iterator<unknown> };
    const before = holder[Symbol.iterator];
    holder[Symbol.iterator] = function (this: unknown) {
      const iterator = before.call(this as never);
      return {
        next: () => {
          steps++;
          return iterator.next();
        },
        return: (value?: unknown) => ({ done: true, value }),
        [Symbol.iterator]() {
          return this;
        },
      } as Iterator<unknown>;
    };
    return () => (holder[Symbol.iterator] = before);
  });
  try {
    await run();
  } finally {
    for (const one of restore) one();
  }
  return steps;
};
