/** The arithmetic of the bench. */

/** @returns NaN for no values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which this part of the values lies; between two values, their mean by distance. */
export const quantile = (values: readonly number[], part: number): number => {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = Math.floor(at);
  const below = sorted[low]!;
  return below + ((sorted[low + 1] ?? below) - below) * (at - low);
};

/** Half of the range, as a part of the median: at 0.1 the runs lie within ±10 %. */
export const spread = (values: readonly number[]): number => {
  if (values.length < 2) return 0;
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
};

/**
 * The ratio of two contestants: the median of the ratios of each run. Both ran in the same minutes of a run, so a slow
 * minute of the machine slows both. `undefined` stands for a failed run.
 */
export const ratio = (values: readonly (number | undefined)[], reference: readonly (number | undefined)[]): number =>
  median(
    values.flatMap((value, run) => {
      const other = reference[run];
      return value === undefined || other === undefined || other === 0 ? [] : [value / other];
    }),
  );
