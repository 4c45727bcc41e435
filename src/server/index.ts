/** The entry point `./server`: the reference server, for any Node HTTP server. */
export { createReceiptServer } from './server.ts';
export type { PublishedMessage, ReceiptServer, ReceiptServerOptions } from './receipt-server.ts';
export { type DeclaredNotification, declarativePush } from './push/declarative-push.ts';
export type { OnMessage, PushRecipient } from './push/host-pushes.ts';
export type { DeclarativePush, PushFrame } from '../protocol/push.ts';
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './store/memory/memory-store.ts';
export type { MemoryDump } from './store/memory/memory-tables.ts';
export { createLocalBus, type Hint, type HintBus, type NewsHint } from './bus/bus.ts';
export type { Log, LogLevel } from '../logging.ts';
export type { Authenticate, Identity } from './core.ts';
export { AuthError, StoreError, UsageError } from '../errors.ts';
export type { Directory, GroupMember } from './groups/directory.ts';
export type { GroupDoor } from './groups/groups.ts';
export type { Connection, Socket } from './socket.ts';
export type { DoorAnswer } from './doors/http.ts';
export type { Policy, PolicyChange } from './policy.ts';
export type { Readiness } from './readiness.ts';
export type { ServerStore } from './store/server-store.ts';
