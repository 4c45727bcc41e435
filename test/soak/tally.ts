/** The results of each test over many rounds. */

/** The part of Vitest's JSON report used here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      /** Milliseconds. */
      readonly duration?: number | null;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

interface Row {
  runs: number;
  failures: number;
  slowestMs: number;
}

export class Tally {
  readonly #rows = new Map<string, Row>();

  /** Adds one round. @returns the failed tests of this round; a round without any test is a failure as well. */
  add(report: Report | undefined): string[] {
    const failed: string[] = [];
    let ran = 0;
    for (const { name, status, message, assertionResults } of report?.testResults ?? []) {
      // A file with a failed load or a failed hook reports no test of its own, so the file counts as the
      // failed test.
      const silent = status === 'failed' && assertionResults.every((result) => result.status !== 'failed');
      if (silent) failed.push(this.#count(name, true, 0, message));
      for (const { fullName, status: became, duration, failureMessages } of assertionResults) {
        if (became !== 'passed' && became !== 'failed') continue;
        ran++;
        const line = this.#count(fullName, became === 'failed', duration ?? 0, failureMessages?.[0]);
        if (became === 'failed') failed.push(line);
      }
    }
    if (ran === 0 && failed.length === 0) failed.push(this.#count('the run itself', true, 0, 'no test ran'));
    return failed;
  }

  get failures(): number {
    return [...this.#rows.values()].reduce((sum, row) => sum + row.failures, 0);
  }

  /** Failed tests come first, then the slowest. */
  table(): string {
    const rows = [...this.#rows].sort(([, a], [, b]) => b.failures - a.failures || b.slowestMs - a.slowestMs);
    return [
      '| test | runs | failures | slowest |',
      '| --- | --- | --- | --- |',
      ...rows.map(([name, row]) => `| ${name} | ${row.runs} | ${row.failures} | ${(row.slowestMs / 1000).toFixed(1)} s |`),
    ].join('\n');
  }

  #count(name: string, hasFailed: boolean, ms: number, message = ''): string {
    const row = this.#rows.get(name) ?? { runs: 0, failures: 0, slowestMs: 0 };
    row.runs++;
    if (hasFailed) row.failures++;
    row.slowestMs = Math.max(row.slowestMs, ms);
    this.#rows.set(name, row);
    return `${name}: ${message.split('\n', 1)[0] ?? ''}`;
  }
}
