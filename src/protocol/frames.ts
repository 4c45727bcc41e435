/** All frames, by direction. */
import * as v from 'valibot';
import { Changes, Fetch, Messages, Pull } from './changes.ts';
import { Auth, Hello, Ping, Pong, Welcome, WireError } from './hello.ts';
import { FetchMembers, FetchReceipts, Members, Receipts } from './receipts.ts';
import { Answer, Submit } from './submit.ts';

/** The schema of all frames that a client sends. PROTOCOL.md describes each field. */
export const ClientFrameShape = v.variant('type', [Hello, Auth, Pull, Submit, Fetch, FetchReceipts, FetchMembers, Ping]);
/** The schema of all frames that a server sends. PROTOCOL.md describes each field. */
export const ServerFrameShape = v.variant('type', [Welcome, Changes, Answer, Messages, Receipts, Members, Pong, WireError]);

/** A frame that a client sends. */
export type ClientFrame = v.InferOutput<typeof ClientFrameShape>;
/** A frame that a server sends. */
export type ServerFrame = v.InferOutput<typeof ServerFrameShape>;
/** A frame of one type, by its name. */
/** The frame of one `type`. */
export type Frame<T extends (ClientFrame | ServerFrame)['type']> = Extract<ClientFrame | ServerFrame, { type: T }>;
/** The limits that a server tells a client in its welcome. */
export type Limits = Frame<'welcome'>['limits'];
export type ReceiptPolicy = Frame<'welcome'>['receipts'];
