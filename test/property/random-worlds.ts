/** Random steps over a world, until one does not end well: its seed and path are printed, and replay it as `SEED` and `PATH_`. */
import fc from 'fast-check';

/** @param worlds how many; `WORLDS` in the environment goes before. */
export const overRandomWorlds = <Step>(step: fc.Arbitrary<Step>, worlds: number, run: (steps: Step[]) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => run(steps)),
    {
      numRuns: Number(process.env['WORLDS'] ?? worlds),
      endOnFailure: true,
      ...(process.env['SEED'] ? { seed: Number(process.env['SEED']), path: process.env['PATH_'] ?? '' } : {}),
    },
  );
