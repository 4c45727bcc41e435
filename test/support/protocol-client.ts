/**
 * A person without a browser: speaks frames over a WebSocket, folds the incoming rows, and connects again
 * after a cut. Like every client, this client repeats an entry under the same key until the answer.
 */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { type ConversationRow, joinRows } from '../../src/model/conversation/conversation.ts';
import type { ConversationId, MessageId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/message/message.ts';
import { type GroupReceipt, joinGroupReceipts } from '../../src/model/message/receipt.ts';
import type { WireMessage } from '../../src/protocol/changes.ts';
import { decodeServerFrame } from '../../src/protocol/codec.ts';
import type { ClientFrame, Frame, Limits } from '../../src/protocol/frames.ts';
import type { WireEntry, WireReceiptsEntry, WireResult } from '../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import { Deadline } from './machine.ts';

const RECONNECT_MS = 200;
/** Bytes for the frame around its entries. */
const FRAME_OVERHEAD = 256;
const DEFAULT_PATIENCE_MS = 10_000;

/** The receipts and flags for a conversation, without the fields of this client. */
export type Registers = Omit<WireReceiptsEntry, 'kind' | 'key' | 'conversationId' | 'cursor'>;

export interface SentMessage {
  readonly id: string;
  readonly seq: number;
  readonly sentAt: number;
}

interface Batch {
  readonly entries: readonly WireEntry[];
  readonly done: (results: readonly WireResult[]) => void;
  readonly failed: (error: Error) => void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class ProtocolClient {
  /** The row of each conversation, from all frames so far. */
  readonly rows = new Map<ConversationId, ConversationRow>();
  /** The messages from the feed, by seq. The server may leave some out. */
  readonly messages = new Map<ConversationId, Map<number, WireMessage>>();
  /** The receipts of group messages from the feed, by message id. */
  readonly receipts = new Map<MessageId, GroupReceipt>();
  cursor: string | null = null;
  #socket: WebSocket | undefined;
  #limits: Limits | undefined;
  #closed = false;
  #lastId = 0;
  #inFlight: { readonly id: number; readonly batch: Batch } | undefined;
  readonly #queue: Batch[] = [];
  readonly #listeners = new Set<(frame: Frame<'changes'>) => void>();
  readonly #waiting = new Set<() => void>();
  #caughtUp = false;
  #end: Error | undefined;

  private constructor(
    readonly url: string,
    readonly token: string,
    readonly userId: string,
    readonly deviceId: string,
  ) {}

  /**
   * Resolves once caught up. @throws {Error} if the server refuses this client, or does not answer in 10 s.
   *
   * @param before this device's client of an earlier session: the new client goes on from its cursor, with all
   * its state.
   */
  static async connect(url: string, token: string, userId: string, deviceId: string, before?: ProtocolClient): Promise<ProtocolClient> {
    const client = new ProtocolClient(url, token, userId, deviceId);
    if (before) {
      client.cursor = before.cursor;
      for (const [id, row] of before.rows) client.rows.set(id, row);
      for (const [id, messages] of before.messages) client.messages.set(id, messages);
      for (const [id, receipt] of before.receipts) client.receipts.set(id, receipt);
    }
    client.#open();
    await client.waitFor(() => client.#caughtUp, DEFAULT_PATIENCE_MS, 'the first catch-up');
    return client;
  }

  /** Whether the connection is open and the client has caught up. */
  get live(): boolean {
    return this.#caughtUp;
  }

  /** Whether this client will not connect again: closed, or refused by the server. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Sends a message, and resolves with the seq from the server. The same `id` again is the same message. */
  async sendMessage(
    conversationId: ConversationId,
    body: Json,
    { id = randomUUID(), requestReceipt = true, countable = true }: { id?: string; requestReceipt?: boolean; countable?: boolean } = {},
  ): Promise<SentMessage> {
    const [result] = await this.submit([this.messageEntry(conversationId, body, { id, requestReceipt, countable })]);
    if (result?.outcome === 'confirmed' && result.message) return { id, ...result.message };
    throw new Error(`the message was not taken: ${JSON.stringify(result)}`);
  }

  /** A message entry for {@link submit}, for many messages in one frame. */
  messageEntry(
    conversationId: ConversationId,
    body: Json,
    { id = randomUUID(), requestReceipt = true, countable = true }: { id?: string; requestReceipt?: boolean; countable?: boolean } = {},
  ): WireEntry {
    return {
      kind: 'message',
      key: randomUUID(),
      conversationId,
      cursor: this.cursor,
      id,
      body: JSON.stringify(body),
      receiptRequested: requestReceipt,
      countable,
    };
  }

  /** A receipts entry for {@link submit}, for one conversation. */
  receiptsEntry(conversationId: ConversationId, registers: Registers): WireEntry {
    return { kind: 'receipts', key: randomUUID(), conversationId, cursor: this.cursor, ...registers };
  }

  /**
   * One result for each entry, in order. `retry` is never returned, because this function waits and sends
   * again. Splits frames by the server's limits.
   */
  async submit(entries: readonly WireEntry[]): Promise<WireResult[]> {
    const results = new Map<string, WireResult>();
    let left = entries;
    while (left.length > 0) {
      let pauseMs = 0;
      for (const part of this.#split(left))
        for (const result of await this.#enqueue(part)) {
          if (result.outcome === 'retry') pauseMs = Math.max(pauseMs, result.retryAfterMs, 1);
          else results.set(result.key, result);
        }
      left = left.filter(({ key }) => !results.has(key));
      if (left.length > 0) await sleep(pauseMs);
    }
    return entries.map(({ key }) => results.get(key)!);
  }

  /** Calls `fn` with every folded frame of the feed. @returns a function that stops the calls */
  onChanges(fn: (frame: Frame<'changes'>) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /**
   * Checks `condition` after every frame, and resolves as soon as `condition` holds. @throws {Error} with
   * `what` in the message, after `withinMs`.
   */
  async waitFor(condition: () => boolean, withinMs = DEFAULT_PATIENCE_MS, what = 'the condition'): Promise<void> {
    const deadline = new Deadline(withinMs);
    while (!condition()) {
      if (this.#end) throw this.#end;
      if (await deadline.isOver()) throw new Error(`${this.userId}: ${what} did not come within ${withinMs} ms`);
      if (condition()) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.max(1, deadline.leftMs));
        this.#waiting.add(wake);
      });
    }
  }

  /** Ends for good. Open submits reject. */
  close(): void {
    this.#stop(new Error('closed'));
  }

  #stop(why: Error): void {
    this.#end ??= why;
    this.#closed = true;
    this.#caughtUp = false;
    this.#socket?.terminate();
    for (const { failed } of [...(this.#inFlight ? [this.#inFlight.batch] : []), ...this.#queue.splice(0)]) failed(why);
    this.#inFlight = undefined;
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #open(): void {
    const socket = new WebSocket(this.url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('error', () => undefined); // a close event follows
    socket.on('open', () => {
      this.#send({ type: 'hello', version: PROTOCOL_VERSION, token: this.token, userId: this.userId, deviceId: this.deviceId });
      this.#send({ type: 'pull', cursor: this.cursor });
    });
    socket.on('message', (data) => {
      if (socket === this.#socket) this.#receive((data as Buffer).toString('utf8'));
    });
    socket.on('close', () => {
      this.#caughtUp = false;
      if (this.#inFlight) this.#queue.unshift(this.#inFlight.batch);
      this.#inFlight = undefined;
      this.#limits = undefined;
      this.#wake();
      if (!this.#closed) setTimeout(() => (this.#closed ? undefined : this.#open()), RECONNECT_MS);
    });
  }

  #receive(text: string): void {
    const frame = decodeServerFrame(text);
    switch (frame.type) {
      case 'welcome':
        this.#limits = frame.limits;
        this.#next();
        break;
      case 'changes':
        this.#apply(frame);
        break;
      case 'answer':
        this.#answered(frame);
        break;
      case 'error':
        this.#refused(frame);
        break;
      case 'messages':
      case 'receipts':
      case 'members':
      case 'pong':
        break;
    }
    this.#wake();
  }

  #apply(frame: Frame<'changes'>): void {
    if (frame.from !== null && frame.from !== this.cursor) return this.#send({ type: 'pull', cursor: this.cursor });
    for (const row of frame.rows) this.#fold(row);
    for (const { conversationId, messages } of frame.messages) {
      let held = this.messages.get(conversationId);
      if (!held) this.messages.set(conversationId, (held = new Map()));
      for (const message of messages) {
        held.set(message.seq, message);
        if (message.receipt) this.#foldReceipt(message.id, message.receipt);
      }
    }
    for (const { id, readCount, memberCount, expired } of frame.receipts ?? []) this.#foldReceipt(id, { readCount, memberCount, expired });
    // A snapshot in several frames counts at its end: after a cut in between the client requests the snapshot again.
    if (frame.from !== null || frame.complete) this.cursor = frame.to;
    if (frame.complete) this.#caughtUp = true;
    for (const listener of [...this.#listeners]) listener(frame);
  }

  #fold(row: ConversationRow): void {
    const before = this.rows.get(row.conversationId);
    this.rows.set(row.conversationId, before ? joinRows(before, row) : row);
  }

  #foldReceipt(id: MessageId, receipt: GroupReceipt): void {
    const before = this.receipts.get(id);
    this.receipts.set(id, before ? joinGroupReceipts(before, receipt) : receipt);
  }

  #answered({ id, results }: Frame<'answer'>): void {
    if (this.#inFlight?.id !== id) return;
    const { batch } = this.#inFlight;
    this.#inFlight = undefined;
    for (const result of results) if (result.outcome === 'confirmed' && result.row) this.#fold(result.row);
    batch.done(results);
    this.#next();
  }

  #refused({ code, message, id, retryAfterMs = 500 }: Frame<'error'>): void {
    if (code === 'protocol/cursor-unknown') {
      this.cursor = null;
      this.rows.clear();
      return this.#send({ type: 'pull', cursor: null });
    }
    if (code === 'server/busy') {
      const batch = id !== undefined && this.#inFlight?.id === id ? this.#inFlight.batch : undefined;
      if (!batch) return;
      this.#inFlight = undefined;
      this.#queue.unshift(batch);
      setTimeout(() => this.#next(), retryAfterMs);
      return;
    }
    this.#stop(new Error(`${this.userId}: ${code}: ${message}`));
  }

  #enqueue(entries: readonly WireEntry[]): Promise<readonly WireResult[]> {
    return new Promise((done, failed) => {
      if (this.#end) return failed(this.#end);
      this.#queue.push({ entries, done, failed });
      this.#next();
    });
  }

  /** At most one submit is in flight. */
  #next(): void {
    if (this.#inFlight || !this.#limits) return;
    const batch = this.#queue.shift();
    if (!batch) return;
    const id = ++this.#lastId;
    this.#inFlight = { id, batch };
    this.#send({ type: 'submit', id, entries: batch.entries.map((entry) => ({ ...entry })) });
  }

  #split(entries: readonly WireEntry[]): WireEntry[][] {
    const { entries: most, frameBytes } = this.#limits ?? { entries: 100, frameBytes: 64 * 1024 };
    const parts: WireEntry[][] = [];
    let part: WireEntry[] = [];
    let bytes = FRAME_OVERHEAD;
    for (const entry of entries) {
      const length = Buffer.byteLength(JSON.stringify(entry)) + 1;
      if (part.length > 0 && (part.length >= most || bytes + length > frameBytes)) {
        parts.push(part);
        part = [];
        bytes = FRAME_OVERHEAD;
      }
      part.push(entry);
      bytes += length;
    }
    if (part.length > 0) parts.push(part);
    return parts;
  }
}
