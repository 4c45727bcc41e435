/** Runs random steps until a world fails, and prints the seed and the path, which replay the failure as `SEED` and `PATH_`. */
import fc from 'fast-check';

/** @param worlds number of worlds, unless `WORLDS` in the environment gives another. */
export const overRandomWorlds = <Step>(step: fc.Arbitrary<Step>, worlds: number, run: (steps: Step[]) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => run(steps)),
    {
      numRuns: Number(process.env['WORLDS'] ?? worlds),
      endOnFailure: true,
      ...(process.env['SEED'] ? { seed: Number(process.env['SEED']), path: process.env['PATH_'] ?? '' } : {}),
    },
  );
