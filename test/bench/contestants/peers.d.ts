/** The few names of other libraries in the bench: the compiler reads these, and not the libraries' own 10,000 lines of types. */
declare module 'rxdb/plugins/core' {
  import type { Observable } from 'rxjs';

  export interface RxQuery<T> {
    readonly $: Observable<T>;
    exec(): Promise<T>;
  }
  export interface RxCollection<Row> {
    count(query: object): RxQuery<number>;
    find(query: object): RxQuery<readonly Row[]>;
    insert(row: Row): Promise<unknown>;
    bulkInsert(rows: readonly Row[]): Promise<{ readonly error: readonly unknown[] }>;
    bulkUpsert(rows: readonly Row[]): Promise<unknown>;
  }
  export const createRxDatabase: (options: object) => Promise<{ addCollections(collections: object): Promise<unknown> }>;
}

declare module 'rxdb/plugins/storage-dexie' {
  export const getRxStorageDexie: () => object;
}

declare module 'workbox-background-sync' {
  export class Queue {
    constructor(name: string, options: { readonly onSync: () => unknown });
    pushRequest(entry: { readonly request: Request }): Promise<void>;
  }
}

declare module '@tanstack/db' {
  export interface Collection<Row> {
    insert(row: Row): unknown;
  }
  export const localOnlyCollectionOptions: <Row, Key>(options: {
    readonly id: string;
    readonly getKey: (row: Row) => Key;
  }) => {
    readonly row?: Row;
  };
  export const createCollection: <Row>(options: { readonly row?: Row }) => Collection<Row>;
}

declare module '@tanstack/offline-transactions' {
  export class IndexedDBAdapter {
    set(key: string, value: string): Promise<void>;
  }
  export interface OfflineExecutor {
    readonly isOfflineEnabled: boolean;
    waitForInit(): Promise<void>;
    createOfflineAction<T>(options: { readonly mutationFnName: string; readonly onMutate: (variables: T) => void }): (variables: T) => {
      readonly id: string;
    };
  }
  export const startOfflineExecutor: (options: object) => OfflineExecutor;
}
