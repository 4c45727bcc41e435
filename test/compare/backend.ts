/**
 * The servers of all contestants in one: as much of the vendors' HTTP and WebSocket as their SDKs call for receipts, and a plain endpoint
 * for the queues. It remembers what reached it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { easemobServer, type EasemobVerdict } from '../support/easemob-stand-in.ts';
import { LAST_MESSAGE } from './page/contestant.ts';
import { otherAnswer, RECEIPTS, refusal, type Told } from './vendors.ts';

/** What the server does with receipts: it takes them, takes them and drops the connection before its answer, or refuses by a status. */
export type Judgement = 'takes' | 'loses-answer' | number;

const LONG_POLL_MS = 2000;
const EASEMOB_PATH = '/easemob';
/** The reasons of Easemob's server for a refusal for good, and for any other refusal. */
const EASEMOB_REASONS = { forGood: 'blocked', other: 'busy' } as const;

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

  private stopEasemob = (): void => undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.answer(request, response).catch(() => request.socket.destroy()));
    this.sockets = new WebSocketServer({ server });
  }

  static async start(): Promise<Backend> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backend = new Backend(server);
    const easemob = await easemobServer({}, (to) => backend.judgeEasemob(to));
    backend.stopEasemob = () => easemob.stop();
    backend.sockets.on('connection', (socket, request) => {
      socket.on('error', () => undefined);
      if (backend.isCut) socket.terminate();
      else if (request.url === EASEMOB_PATH) easemob.connected(socket);
      else backend.connected(socket, request);
    });
    return backend;
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
    this.stopEasemob();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connected(socket: WebSocket, request: IncomingMessage): void {
    const { user_id: id } = JSON.parse(new URL(request.url!, this.url).searchParams.get('json') ?? '{}') as { user_id?: string };
    const health = JSON.stringify({ type: 'health.check', connection_id: String(Math.random()), created_at: new Date(), me: { id } });
    socket.send(health);
    socket.on('message', () => socket.send(health));
  }

  /** The receipts of these tests name no message: the whole conversation is read. */
  private judgeEasemob(conversation: string): EasemobVerdict {
    this.requests++;
    const judgement = this.judge(conversation);
    if (typeof judgement === 'number') return { reason: judgement === 403 ? EASEMOB_REASONS.forGood : EASEMOB_REASONS.other };
    this.take({ conversation, messages: [LAST_MESSAGE] });
    return judgement;
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
    const url = new URL(request.url!, this.url);
    const path = decodeURIComponent(url.pathname);
    for (const [pattern, read] of RECEIPTS) {
      const found = pattern.exec(path);
      if (!found) continue;
      this.requests++;
      const told = read(found.slice(1), body);
      const judgement = this.judge(told[0]!.conversation);
      if (typeof judgement === 'number') return send(judgement, refusal(judgement));
      for (const one of told) this.take(one);
      if (judgement === 'loses-answer') return void request.socket.destroy();
      return send(200, { event: { type: 'message.read' }, duration: '1ms' });
    }
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LONG_POLL_MS));
    send(200, await otherAnswer(url, body, wait));
  }

  private take({ conversation, messages }: Told): void {
    for (const message of messages) {
      this.messages.add(`${conversation}/${message}`);
      this.positions.set(conversation, message);
    }
  }
}
