/** A check: one rule of PROTOCOL.md, and the exchange that shows whether a server keeps it. */
import type { Stage } from './stage.ts';

/**
 * `core`: what a client needs before it is of any use: log-in, messages, the feed, positions, receipts, retries, limits. `full`: the rest,
 * such as groups, policy, flags and settings.
 */
export type Level = 'core' | 'full';

/** One check of one rule. */
export interface Check {
  /** Stable: a report of a later version names the same rule by the same id. */
  readonly id: string;
  /** `core`: without this rule a client is of no use. `full`: all other rules. */
  readonly level: Level;
  /** The heading in PROTOCOL.md. */
  readonly section: string;
  /** The rule, in plain words. */
  readonly rule: string;
  /** `slow`: the check waits long, and runs beside all others. `alone`: no other check runs at the same time. */
  readonly when?: 'slow' | 'alone';
  /** @throws {Mismatch} if the server breaks the rule. @throws {Skipped} if the environment cannot show the rule. */
  run(stage: Stage): Promise<void>;
}

/** The checks of one section. */
export const checksOf = (
  level: Level,
  section: string,
  checks: Readonly<Record<string, readonly [rule: string, run: Check['run'], when?: Check['when']]>>,
): Check[] => Object.entries(checks).map(([id, [rule, run, when]]) => ({ id, level, section, rule, run, ...(when ? { when } : {}) }));
