/**
 * The network between browsers and the server. A test cuts or silences this network, or keeps an answer back.
 * This network records the WebSocket frames. A browser's own offline switch freezes sockets instead of ending
 * them, so the tests make outages here.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A passed text frame. */
export interface PassedFrame {
  readonly up: boolean;
  /** The number of the connection, from 1. */
  readonly connection: number;
  /** The time, by `performance.now()`. */
  readonly at: number;
  readonly text: string;
}

/** Reads the text frames in one direction of a WebSocket, after its HTTP head. Fragments are joined, and control frames are left out. */
class FrameReader {
  #rest = Buffer.alloc(0);
  #headSeen = false;
  #parts: Buffer[] = [];

  /** Whether nothing was read yet. */
  get isEmpty(): boolean {
    return !this.#headSeen;
  }

  /** The texts completed by this chunk; none for a connection other than a WebSocket. */
  read(chunk: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#headSeen) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return [];
      this.#rest = this.#rest.subarray(end + 4);
      this.#headSeen = true;
    }
    const texts: string[] = [];
    for (let frame = this.#frame(); frame; frame = this.#frame()) {
      if (frame.opcode > 2) continue;
      this.#parts.push(frame.payload);
      if (!frame.final) continue;
      texts.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
    }
    return texts;
  }

  #frame(): { final: boolean; opcode: number; payload: Buffer } | undefined {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const masked = (bytes[1]! & 0x80) !== 0;
    let length = bytes[1]! & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    const start = at + (masked ? 4 : 0);
    if (bytes.length < start + length) return undefined;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (masked) for (let i = 0; i < payload.length; i++) payload[i]! ^= bytes[at + (i % 4)]!;
    this.#rest = bytes.subarray(start + length);
    return { final: (bytes[0]! & 0x80) !== 0, opcode: bytes[0]! & 0x0f, payload };
  }
}

interface Pair {
  readonly down: Socket;
  readonly up: Socket;
  /** While true, both ends stay open and nothing passes. */
  silent: boolean;
}

/** Reads the POST requests on a connection. */
class PostReader {
  #rest = Buffer.alloc(0);

  /** The bodies completed by this chunk. */
  read(chunk: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const bodies: string[] = [];
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return bodies;
      const head = this.#rest.subarray(0, end).toString('latin1');
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return bodies;
      if (/^POST \/receipts/.test(head)) bodies.push(this.#rest.subarray(end + 4, end + 4 + length).toString('utf8'));
      this.#rest = this.#rest.subarray(end + 4 + length);
    }
  }
}

/**
 * Resets a socket like a broken network. If one end is closing by itself (as WebKit does), Node would keep a
 * handle for ever that it is told to reset.
 */
const reset = (socket: Socket): void => {
  if (socket.readyState === 'open') socket.resetAndDestroy();
  else socket.destroy();
};

export class TcpProxy {
  /** The text frames in the order of passing. */
  readonly frames: PassedFrame[] = [];
  /** The first lines of plain HTTP requests, in order. */
  readonly requests: string[] = [];
  /** The bodies of requests to the HTTP endpoint, in order. */
  readonly posts: string[] = [];
  /** Called with the body of a POST request, after the request has passed. */
  onPost: (body: string) => void = () => undefined;
  /** While true, answers to POST requests are kept back: requests arrive, and only their answers do not. */
  holdsAnswers = false;
  /** Number of answers by {@link stranger}. */
  strangerAnswered = 0;
  /** Called for a frame from the client, after the frame has passed. */
  onUp: (text: string) => void = () => undefined;
  /** Called for a frame from the server, after the frame has passed. */
  onDown: (text: string) => void = () => undefined;
  /** Answers instead of the server: whole HTTP answers, for upgrades and for other requests; `undefined` lets the request through. */
  stranger: (isUpgrade: boolean) => string | undefined = () => undefined;
  /** A frame from the server for which this returns true is kept back, with all later frames on its connection. */
  keepBack: (text: string) => boolean = () => false;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #connections = 0;

  private constructor(readonly targetPort: number) {
    this.#server = createServer((down) => this.#accept(down));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection, and every new one until {@link heal}. */
  cut(): void {
    this.#isCut = true;
    for (const { down, up } of this.#pairs) {
      reset(down);
      reset(up);
    }
  }

  heal(): void {
    this.#isCut = false;
  }

  /**
   * Keeps back all frames of the server on the present connections, until released. New connections work.
   * @returns a function for the release.
   */
  hold(): () => void {
    const held = [...this.#pairs];
    for (const { up } of held) up.pause();
    return () => {
      for (const { up } of held) up.resume();
    };
  }

  /** The present connections become half-open: nothing passes any more, and no end gets an event. New connections work. */
  blackHole(): void {
    for (const pair of this.#pairs) pair.silent = true;
  }

  /** The frames of a type from browsers since `after` (an index into {@link frames}), parsed. */
  sent<T extends { readonly type: string }>(type: T['type'], after = 0): T[] {
    return this.frames
      .slice(after)
      .filter(({ up }) => up)
      .map(({ text }) => JSON.parse(text) as T)
      .filter((frame) => frame.type === type);
  }

  /** The frames of a type posted since `after` (an index into {@link posts}). */
  posted<T extends { readonly type: string }>(type: T['type'], after = 0): T[] {
    return this.posts
      .slice(after)
      .flatMap((body) => JSON.parse(body) as T[])
      .filter((frame) => frame.type === type);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(down: Socket): void {
    down.on('error', () => undefined);
    if (this.#isCut) return reset(down);
    const connection = ++this.#connections;
    const up = connect(this.targetPort, '127.0.0.1');
    const pair: Pair = { down, up, silent: false };
    this.#pairs.add(pair);
    up.on('error', () => undefined);
    const end = (): void => {
      this.#pairs.delete(pair);
      // The ends of a half-open connection get no event as long as the proxy runs.
      if (pair.silent && !this.#isCut) return;
      down.destroy();
      up.destroy();
    };
    down.on('close', end);
    up.on('close', end);
    const upFrames = new FrameReader();
    const posts = new PostReader();
    let isPost = false;
    const downFrames = new FrameReader();
    let isWebSocket: boolean | undefined;
    down.on('data', (chunk: Buffer) => {
      if (pair.silent) return;
      isWebSocket ??= /^upgrade: websocket/im.test(chunk.toString('latin1'));
      const answer = upFrames.isEmpty ? this.stranger(isWebSocket) : undefined;
      if (answer !== undefined) {
        this.strangerAnswered++;
        return void down.end(answer);
      }
      up.write(chunk);
      const requestLine = /^[A-Z]+ \S+ HTTP\/1\.1(?=\r\n)/.exec(chunk.toString('latin1'))?.[0];
      if (!isWebSocket) {
        if (requestLine) this.requests.push(requestLine);
        if (requestLine) isPost = requestLine.startsWith('POST /receipts');
        for (const body of posts.read(chunk)) {
          this.posts.push(body);
          this.onPost(body);
        }
        return;
      }
      for (const text of upFrames.read(chunk)) {
        this.frames.push({ up: true, connection, at: performance.now(), text });
        this.onUp(text);
      }
    });
    up.on('data', (chunk: Buffer) => {
      if (pair.silent || (isPost && this.holdsAnswers)) return;
      const texts = isWebSocket ? downFrames.read(chunk) : [];
      if (texts.some((text) => this.keepBack(text))) {
        // Requests still arrive; only the answer does not come.
        up.removeAllListeners('data').resume();
        return;
      }
      down.write(chunk);
      for (const text of texts) {
        this.frames.push({ up: false, connection, at: performance.now(), text });
        this.onDown(text);
      }
    });
  }
}
