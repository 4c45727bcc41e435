/**
 * The servers of all contestants in one: as much of Stream's and Matrix's HTTP and WebSocket as their SDKs call for receipts, and a plain
 * endpoint for everything else. It remembers what reached it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What the server does with receipts: it takes them, takes them and drops the connection before its answer, or refuses by a status. */
export type Judgement = 'takes' | 'loses-answer' | number;

interface Told {
  readonly conversation: string;
  readonly messages: readonly string[];
}

const LONG_POLL_MS = 2000;
const CALLS: readonly (readonly [RegExp, (path: readonly string[], body: Record<string, unknown>) => readonly Told[]])[] = [
  [
    /^\/channels\/messaging\/([^/]+)\/read$/,
    ([conversation], body) => [{ conversation: conversation!, messages: [String(body['message_id'])] }],
  ],
  [
    /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/read_markers$/,
    ([conversation], body) => [{ conversation: conversation!, messages: [String(body['m.read'] ?? body['m.read.private'])] }],
  ],
  [/^\/receipts$/, (_, body) => body['receipts'] as readonly Told[]],
];

/** The answers to the SDKs' other calls. */
const otherAnswer = (path: string, wait: () => Promise<void>): object | Promise<object> => {
  const [, channel] = /^\/channels\/messaging\/([^/]+)\/query$/.exec(path) ?? [];
  if (channel !== undefined) {
    const known = {
      id: channel,
      type: 'messaging',
      cid: `messaging:${channel}`,
      config: { read_events: true },
      own_capabilities: ['read-events'],
    };
    return { channel: known, messages: [], members: [], read: [], watchers: [], pinned_messages: [], duration: '1ms' };
  }
  if (path.endsWith('/versions')) return { versions: ['v1.4', 'v1.11'], unstable_features: {} };
  if (path.endsWith('/pushrules/')) return { global: {} };
  if (path.endsWith('/filter')) return { filter_id: '1' };
  if (path.endsWith('/sync')) return wait().then(() => ({ next_batch: String(Date.now()), rooms: {} }));
  return {};
};

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

export class Backend {
  judge: (conversation: string) => Judgement = () => 'takes';
  /** Requests with receipts since `forget`, answered or not. */
  requests = 0;
  /** The last position of each conversation, and all messages told. */
  readonly positions = new Map<string, string>();
  readonly messages = new Set<string>();
  private isCut = false;
  private readonly sockets: WebSocketServer;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.answer(request, response).catch(() => request.socket.destroy()));
    this.sockets = new WebSocketServer({ server });
    this.sockets.on('connection', (socket, request) => this.connected(socket, request));
  }

  static async start(): Promise<Backend> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Backend(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isCut = true;
    this.server.closeAllConnections();
    for (const socket of this.sockets.clients) socket.terminate();
  }

  heal(): void {
    this.isCut = false;
  }

  forget(): void {
    this.requests = 0;
    this.positions.clear();
    this.messages.clear();
    this.judge = () => 'takes';
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connected(socket: WebSocket, request: IncomingMessage): void {
    if (this.isCut) return socket.terminate();
    const { user_id: id } = JSON.parse(new URL(request.url!, this.url).searchParams.get('json') ?? '{}') as { user_id?: string };
    const health = JSON.stringify({ type: 'health.check', connection_id: String(Math.random()), created_at: new Date(), me: { id } });
    socket.send(health);
    socket.on('message', () => socket.send(health));
    socket.on('error', () => undefined);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isCut) return void request.socket.destroy();
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT');
    response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*');
    const body = request.method === 'OPTIONS' ? {} : await bodyOf(request);
    const send = (status: number, answer: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    };
    if (request.method === 'OPTIONS') return send(200, {});
    const path = decodeURIComponent(new URL(request.url!, this.url).pathname);
    for (const [pattern, read] of CALLS) {
      const found = pattern.exec(path);
      if (!found) continue;
      this.requests++;
      const told = read(found.slice(1), body);
      const judgement = this.judge(told[0]!.conversation);
      if (typeof judgement === 'number') return send(judgement, { errcode: 'M_FORBIDDEN', error: 'no', code: 17, message: 'no' });
      for (const { conversation, messages } of told) this.take(conversation, messages);
      if (judgement === 'loses-answer') return void request.socket.destroy();
      return send(200, { event: { type: 'message.read' }, duration: '1ms' });
    }
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LONG_POLL_MS));
    send(200, await otherAnswer(path, wait));
  }

  private take(conversation: string, messages: readonly string[]): void {
    for (const message of messages) {
      this.messages.add(`${conversation}/${message}`);
      this.positions.set(conversation, message);
    }
  }
}
