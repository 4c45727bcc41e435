/** All frames, by direction. */
import * as v from 'valibot';
import { Changes, Fetch, Messages, Pull } from './changes.ts';
import { Auth, Hello, Ping, Pong, Welcome, WireError } from './hello.ts';
import { FetchMembers, FetchReceipts, Members, Receipts } from './receipts.ts';
import { Answer, Submit } from './submit.ts';

export const ClientFrameShape = v.variant('type', [Hello, Auth, Pull, Submit, Fetch, FetchReceipts, FetchMembers, Ping]);
export const ServerFrameShape = v.variant('type', [Welcome, Changes, Answer, Messages, Receipts, Members, Pong, WireError]);

export type ClientFrame = v.InferOutput<typeof ClientFrameShape>;
export type ServerFrame = v.InferOutput<typeof ServerFrameShape>;
/** A frame of one type, by its name. */
export type Frame<T extends (ClientFrame | ServerFrame)['type']> = Extract<ClientFrame | ServerFrame, { type: T }>;
export type Limits = Frame<'welcome'>['limits'];
export type ReceiptPolicy = Frame<'welcome'>['receipts'];
