/**
 * What the code of the pages takes for granted: the app's own functions, and names that an earlier block of the page made. The check of the
 * blocks imports a name from here if the block uses it and does not declare it. Nothing here runs.
 */
import type { Server as HttpServer } from 'node:http';
import type { Application } from 'express';
import type { Pool } from 'pg';
import type { Observable } from 'rxjs';
import type { createReceiptClient as createClient, MessageId, ReceiptClient } from '../../src/index.ts';
import type {
  createReceiptServer as createServer,
  ImportedConversation,
  ReceiptServer,
  ReceiptServerOptions,
} from '../../src/server/index.ts';
import type { TestWorld, VirtualDevice } from '../../src/testing/index.ts';

export { firstValueFrom } from 'rxjs';
export { useEffect, useState } from 'react';
export { Hono } from 'hono';
export type { Message, ReceiptClient } from '../../src/index.ts';

// The library
export declare const client: ReceiptClient;
export declare const createReceiptClient: typeof createClient;
export declare const createReceiptServer: typeof createServer;
export declare const receipts: ReceiptServer;
export declare const world: TestWorld;
export declare const phone: VirtualDevice;

// The page of an app, and its service worker
export declare const self: ServiceWorkerGlobalScope;
export declare const url: string;
export declare const userId: string;
export declare const getToken: () => Promise<string>;
export declare const fetchToken: (userId: string) => Promise<string>;
export declare const body: { readonly text: string };
export interface MyBody {
  readonly text: string;
}
export declare const ids: readonly MessageId[];
export declare const messageId: MessageId;
export declare const lastShown: { readonly id: `direct:${string}` | `group:${string}` };
export declare const appKey: string;
export declare const accessToken: string;
export declare const userSig: string;
export declare const token: string;
/** A function of the app that shows something. */
type Shows = (...values: unknown[]) => void;
export declare const show: Shows;
export declare const showSwitch: Shows;
export declare const showAge: Shows;
export declare const showMentions: Shows;
export declare const showTotal: Shows;
export declare const showBanner: Shows;
export declare const showWaiting: Shows;
export declare const showStatus: Shows;
export declare const showToast: Shows;
export declare const showRead: Shows;
export declare const showPushButton: Shows;
export declare const offerReload: Shows;
export declare const report: Shows;
export declare const removeDivider: Shows;
export declare const drawDivider: Shows;

// The program around the server
export declare const store: ReceiptServerOptions['store'];
export declare const authenticate: ReceiptServerOptions['authenticate'];
export declare const verify: (token: string) => Promise<string>;
export declare const sessionOf: (token: string) => Promise<{ readonly userId: string; readonly endsAt: number } | null>;
export declare const pool: Pool;
export declare const app: Application;
export declare const router: Application;
export declare const httpServer: HttpServer;
export declare const file: { write(text: string): Promise<unknown> };
export declare const exportFromVendor: () => Promise<
  readonly {
    readonly users: readonly [string, string];
    readonly messages: ImportedConversation['messages'];
    readonly readUpTo: Record<string, string>;
  }[]
>;
export declare const subscriptionsOf: (userId: string) => Promise<readonly object[]>;
export declare const forget: (subscription: object) => Promise<void>;

// An SDK in front of which the outbox stands
export declare const channel: { readonly cid: string; countUnread(): number };
export declare const message: { readonly id: string; readonly created_at: string };
export declare const newest: { readonly created_at: string };
export declare const mySdk: {
  markRead(request: object): Promise<{ readonly status: number; readonly ok: boolean }>;
  onConnection(listener: (state: string) => void): () => void;
  readonly isOnline: boolean;
};

/** A stream of the app, for the recipes. */
export declare const stream: Observable<unknown>;
