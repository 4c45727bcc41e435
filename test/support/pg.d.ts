/** The part of the package `pg` that the tests use; the package brings no types. */
declare module 'pg' {
  export interface PoolConfig {
    readonly connectionString?: string | undefined;
    readonly host?: string;
    readonly port?: number;
    readonly user?: string;
    readonly database?: string;
    readonly max?: number;
  }
  export interface PoolClient {
    query(
      statement: string | { readonly name?: string; readonly text: string; readonly values: unknown[] },
      values?: unknown[],
    ): Promise<{ readonly rows: readonly unknown[]; readonly command: string }>;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'end', listener: () => void): this;
    on(event: 'notification', listener: (message: { readonly payload?: string }) => void): this;
    off(event: 'error', listener: (error: Error) => void): this;
    release(error?: Error | boolean): void;
  }
  export class Pool {
    constructor(config: PoolConfig);
    readonly options: PoolConfig;
    connect(): Promise<PoolClient>;
    on(event: 'error', listener: (error: Error) => void): this;
    off(event: 'error', listener: (error: Error) => void): this;
    end(): Promise<void>;
  }
}
