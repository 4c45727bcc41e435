/** The few names of the chat SDKs in these tests, with the SDKs' own types: the compiler reads these, and not the SDKs' 30,000 lines. */
declare module 'stream-chat' {
  export interface Event {
    readonly type: string;
    readonly online?: boolean;
  }

  export class StreamChat {
    constructor(key: string, options?: { readonly baseURL?: string; readonly timeout?: number; readonly warmUp?: boolean });
    baseURL?: string;
    wsConnection: { isHealthy: boolean } | null;
    wsFallback?: { isHealthy: () => boolean };
    connectUser(user: { readonly id: string }, token: string): Promise<unknown>;
    disconnectUser(timeout?: number): Promise<unknown>;
    channel(type: string, id: string): { watch(): Promise<unknown>; markRead(data?: { message_id?: string }): Promise<unknown> };
    post<T>(url: string, data?: unknown, config?: object): Promise<T>;
    on(event: string, listener: (event: Event) => void): { unsubscribe: () => void };
  }
}

declare module 'matrix-js-sdk' {
  export enum ClientEvent {
    Sync = 'sync',
  }
  export enum SyncState {
    Error = 'ERROR',
    Prepared = 'PREPARED',
    Stopped = 'STOPPED',
    Syncing = 'SYNCING',
    Catchup = 'CATCHUP',
    Reconnecting = 'RECONNECTING',
  }

  export interface MatrixClient {
    getSyncState(): SyncState | null;
    setRoomReadMarkersHttpRequest(roomId: string, fullyRead: string, publicReceipt?: string, privateReceipt?: string): Promise<object>;
    startClient(options?: object): Promise<void>;
    stopClient(): void;
    on(event: ClientEvent, listener: (state: SyncState) => void): MatrixClient;
    off(event: ClientEvent, listener: (state: SyncState) => void): MatrixClient;
  }
  export const createClient: (options: {
    readonly baseUrl: string;
    readonly accessToken: string;
    readonly userId: string;
    readonly fetchFn?: typeof fetch;
  }) => MatrixClient;
}

declare module 'workbox-background-sync' {
  interface Queue {
    replayRequests(): Promise<void>;
  }
}

declare module 'rxdb/plugins/replication' {
  export const replicateRxCollection: (options: object) => { reSync(): void };
}
