/** `./server`: the reference server, for any Node HTTP server. */
export { createReceiptServer, type PublishedMessage, type ReceiptServer, type ReceiptServerOptions } from './server.ts';
export { createMemoryStore, type MemoryDump, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { createLocalBus, type HintBus } from './bus.ts';
export type { Authenticate, Directory, Identity } from './core.ts';
export type { Connection, Socket } from './socket.ts';
export type { DoorAnswer } from './http.ts';
export type { Policy, PolicyChange } from './policy.ts';
export type { ServerStore } from './server-store.ts';
