/** The part of the package `@nats-io/transport-node` that the tests use. */
declare module '@nats-io/transport-node' {
  export interface ConnectionOptions {
    readonly servers: string;
    readonly maxReconnectAttempts?: number;
    readonly reconnectTimeWait?: number;
    readonly waitOnFirstConnect?: boolean;
    readonly ignoreClusterUpdates?: boolean;
  }
  export interface NatsConnection {
    publish(subject: string, text: string): void;
    subscribe(
      subject: string,
      options: { readonly callback: (error: Error | null, message: { string(): string }) => void },
    ): { unsubscribe(): void };
    flush(): Promise<void>;
    status(): AsyncIterable<{ readonly type: string }>;
    closed(): Promise<undefined | Error>;
    close(): Promise<void>;
  }
  export const connect: (options: ConnectionOptions) => Promise<NatsConnection>;
}
