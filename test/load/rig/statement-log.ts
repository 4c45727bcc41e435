/** A pool that keeps the time of every statement, and explains the statements that took the most of it. */
import type { Pool } from 'pg';
import type { PgClient, PgPool, PgStatement } from '../../../src/server/store/sql/postgres.ts';
import { PLANNER_SETTINGS } from '../../../src/server/store/sql/driver.ts';

export interface Statement {
  readonly text: string;
  times: number;
  ms: number;
  /** The newest values. */
  values: unknown[];
}

const isStatement = (statement: string | PgStatement): statement is PgStatement => typeof statement === 'object';

export class StatementLog {
  private statements = new Map<string, Statement>();

  constructor(private readonly real: Pool) {}

  /** For `openPostgresStore`. */
  get pool(): PgPool {
    const { real } = this;
    return {
      options: real.options,
      connect: async () => {
        const client = await real.connect();
        const logged: PgClient = {
          query: async (statement) => {
            const since = performance.now();
            const answer = await client.query(statement);
            if (isStatement(statement)) this.note(statement, performance.now() - since);
            return answer;
          },
          on: (event, listener) => client.on(event, listener),
          off: (event, listener) => client.off(event, listener),
          release: (error) => client.release(error),
        };
        return logged;
      },
      on: (event, listener) => real.on(event, listener),
      off: (event, listener) => real.off(event, listener),
    };
  }

  /** Forgets everything so far. */
  clear(): void {
    this.statements = new Map();
  }

  /** The statements by their time in all. */
  get hottest(): Statement[] {
    return [...this.statements.values()].sort((a, b) => b.ms - a.ms);
  }

  /** What the database does for a statement, with its newest values. Nothing that it writes stays. */
  async explain({ text, values }: Statement): Promise<string> {
    const client = await this.real.connect();
    try {
      await client.query('begin');
      for (const [name, value] of Object.entries(PLANNER_SETTINGS)) await client.query(`set local ${name} = ${value}`);
      const { rows } = await client.query(`explain (analyze, buffers, costs off) ${text}`, values);
      return rows.map((row) => (row as { 'QUERY PLAN': string })['QUERY PLAN']).join('\n');
    } finally {
      await client.query('rollback');
      client.release();
    }
  }

  private note({ text, values }: PgStatement, ms: number): void {
    const known = this.statements.get(text);
    if (!known) this.statements.set(text, { text, times: 1, ms, values });
    else {
      known.times++;
      known.ms += ms;
      known.values = values;
    }
  }
}
