/** Runs the checks in their order, the slow ones beside the others, and collects a result for each. */
import { type OptionNames, readOptions } from '../model/option-names.ts';
import type { Check, Level } from './check.ts';
import { Mismatch, Skipped } from './demand.ts';
import { CHECKS } from './catalogue.ts';
import { type Host, NO_HOST } from './host.ts';
import { Ledger } from './ledger.ts';
import { type Environment, Stage } from './stage.ts';
import { UpgradeRefused } from './wire/socket.ts';
import { namesOfRun, type Users } from './users.ts';

/** The options of `runConformance`. */
export interface ConformanceOptions {
  /** The address of the server under test, such as `ws://127.0.0.1:8787/receipts`. */
  readonly url: string;
  /** The users of the run, with their tokens. */
  readonly users: Users;
  /** Makes groups and sets the policy. Without a host, the checks that need one are skipped. */
  readonly host?: Host;
  /** Default `core`. */
  readonly level?: Level;
  /** Only the checks with these ids, or with ids that begin with one of these parts: `submit`, `feed.live`. */
  readonly only?: readonly string[];
  /** The time that a check waits for a frame, ms. Default 5000. */
  readonly patienceMs?: number;
  /** Stop at the first check that fails. */
  readonly bail?: boolean;
  /** The number of checks that run at the same time. Default 1: the server's own log then tells one story after the other. */
  readonly parallel?: number;
  /** Called with each result in the order of the checks, as soon as it is there. */
  readonly onResult?: (result: ConformanceResult) => void;
}

const NAMES: OptionNames<ConformanceOptions> = {
  url: 1,
  users: 1,
  host: 1,
  level: 1,
  only: 1,
  patienceMs: 1,
  bail: 1,
  parallel: 1,
  onResult: 1,
};

/** The result of one check. */
export interface ConformanceResult {
  /** The id of the check. */
  readonly id: string;
  /** The level of the check. */
  readonly level: Level;
  /** The heading in PROTOCOL.md. */
  readonly section: string;
  /** The rule that the check is about. */
  readonly rule: string;
  /** Whether the server keeps the rule; `skipped`: the environment cannot show it. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** The rule's expectation; absent if the check passed. */
  readonly expected?: string;
  /** The server's behaviour, or the reason for a skipped check. */
  readonly saw?: string;
  /** Duration of the check, in milliseconds. */
  readonly ms: number;
}

/** The results of a run. */
export interface ConformanceReport {
  /** The address of the server. */
  readonly url: string;
  /** The level of the run. */
  readonly level: Level;
  /** The number of checks that passed. */
  readonly passed: number;
  /** The number of checks that failed. */
  readonly failed: number;
  /** The number of checks that were skipped. */
  readonly skipped: number;
  /** The results, in the order of the checks. */
  readonly results: readonly ConformanceResult[];
}

const chosen = ({ level = 'core', only }: ConformanceOptions): Check[] =>
  CHECKS.filter((check) => level === 'full' || check.level === 'core').filter(
    ({ id }) => !only || only.some((one) => id === one || id.startsWith(`${one}.`)),
  );

const runOne = async (check: Check, environment: Environment): Promise<ConformanceResult> => {
  const { id, level, section, rule } = check;
  const stage = new Stage(environment);
  const since = Date.now();
  const result = (outcome: ConformanceResult['outcome'], more: { expected?: string; saw?: string } = {}): ConformanceResult => ({
    ...{ id, level, section, rule, outcome, ...more },
    ms: Date.now() - since,
  });
  try {
    await check.run(stage);
    return result('passed');
  } catch (error) {
    if (error instanceof Skipped) return result('skipped', { saw: error.message });
    if (error instanceof Mismatch) return result('failed', { expected: error.expected, saw: error.saw });
    return result('failed', { expected: rule, saw: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  } finally {
    stage.end();
  }
};

/** No server answers at the address, or no test user is to be had. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** @throws {Unreachable} before the first check, so that a wrong address is one message and not a hundred. */
const reach = async (environment: Environment): Promise<void> => {
  const stage = new Stage(environment);
  try {
    await stage.person();
    await stage.open();
  } catch (error) {
    if (!(error instanceof UpgradeRefused))
      throw new Unreachable(`the checks cannot begin at ${environment.url}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    stage.end();
  }
};

/** Begins the checks: the slow ones at once, then `parallel` at a time, then those that need the server for themselves. */
const beginAll = (checks: readonly Check[], environment: Environment, parallel: number) => {
  const waiting = new Map<Check, (result: ConformanceResult) => void>();
  const results = new Map(checks.map((check) => [check, new Promise<ConformanceResult>((resolve) => waiting.set(check, resolve))]));
  let isStopped = false;
  const run = async (check: Check): Promise<void> => waiting.get(check)!(await runOne(check, environment));
  const inTurn = async (list: Check[]): Promise<void> => {
    for (let next = list.shift(); next && !isStopped; next = list.shift()) await run(next);
  };
  const of = (when: Check['when']): Check[] => checks.filter((check) => check.when === when);
  const slow = Promise.all(of('slow').map(run));
  const others = of(undefined);
  const done = Promise.all(Array.from({ length: parallel }, () => inTurn(others)))
    .then(() => slow)
    .then(() => inTurn(of('alone')));
  return {
    result: (check: Check) => results.get(check)!,
    stop: async () => {
      isStopped = true;
      await done;
    },
  };
};

/** Runs the kit against a server. Resolves also if checks fail: `report.failed` is their number. @throws {Unreachable} */
export const runConformance = async (options: ConformanceOptions): Promise<ConformanceReport> => {
  readOptions(options, 'runConformance', NAMES, 'usage/invalid-option');
  const { url, users, host = NO_HOST, level = 'core', patienceMs = 5000, bail = false, onResult } = options;
  const environment: Environment = { url, users, host, ledger: new Ledger(), patienceMs, name: namesOfRun() };
  await reach(environment);
  const checks = chosen(options);
  const begun = beginAll(checks, environment, options.parallel ?? 1);
  const results: ConformanceResult[] = [];
  for (const check of checks) {
    const result = await begun.result(check);
    results.push(result);
    onResult?.(result);
    if (bail && result.outcome === 'failed') break;
  }
  await begun.stop();
  const count = (outcome: ConformanceResult['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  return { url, level, passed: count('passed'), failed: count('failed'), skipped: count('skipped'), results };
};
