/**
 * The network between browsers and server: it can be cut, go silent, or keep an answer back, and it writes down the WebSocket frames
 * that pass. A browser's own offline switch freezes sockets instead of ending them, so outages are made here.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One text frame that passed. */
export interface PassedFrame {
  readonly up: boolean;
  /** Which connection it was on, from 1. */
  readonly connection: number;
  /** `performance.now()` */
  readonly at: number;
  readonly text: string;
}

/** The text frames in one direction of a WebSocket, after its HTTP head. Fragments are joined; control frames are left out. */
class FrameReader {
  #rest = Buffer.alloc(0);
  #headSeen = false;
  #parts: Buffer[] = [];

  /** Nothing was read yet. */
  get isEmpty(): boolean {
    return !this.#headSeen;
  }

  /** The texts completed by this chunk; nothing for a connection that is no WebSocket. */
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
  /** Both ends stay open, nothing passes. */
  silent: boolean;
}

/** The POST requests on one connection, read as they come. */
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

/** As a network that breaks. One end may be closing by itself (WebKit does): Node keeps such a handle for ever when told to reset it. */
const reset = (socket: Socket): void => {
  if (socket.readyState === 'open') socket.resetAndDestroy();
  else socket.destroy();
};

export class TcpProxy {
  /** Text frames in order of passing. */
  readonly frames: PassedFrame[] = [];
  /** First lines of plain HTTP requests, in order. */
  readonly requests: string[] = [];
  /** What was posted to the HTTP door, in order. */
  readonly posts: string[] = [];
  /** Called as a post was handed on, with its body. */
  onPost: (body: string) => void = () => undefined;
  /** Answers to posts are kept back from here on: upwards everything works, only the word back does not come. */
  holdsAnswers = false;
  /** How often {@link stranger} answered. */
  strangerAnswered = 0;
  /** Called as a frame passes upwards, after it was handed on. */
  onUp: (text: string) => void = () => undefined;
  /** Called as a frame passes downwards, after it was handed on. */
  onDown: (text: string) => void = () => undefined;
  /** Answers in the server's place: whole HTTP answers, for upgrades and for other requests; `undefined` lets them through. */
  stranger: (isUpgrade: boolean) => string | undefined = () => undefined;
  /** A frame downwards for which this is true is kept back, and everything after it on its connection. */
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

  /** Resets every connection; new ones are reset as well until {@link heal}. */
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

  /** Nothing comes down on the connections there are now, until released: then all of it. New ones work. @returns how to release. */
  hold(): () => void {
    const held = [...this.#pairs];
    for (const { up } of held) up.pause();
    return () => {
      for (const { up } of held) up.resume();
    };
  }

  /** The connections there are now go half-open: nothing passes any more, nobody is told. New ones work. */
  blackHole(): void {
    for (const pair of this.#pairs) pair.silent = true;
  }

  /** What the browsers sent, parsed: frames of one type since `after` (an index into {@link frames}). */
  sent<T extends { readonly type: string }>(type: T['type'], after = 0): T[] {
    return this.frames
      .slice(after)
      .filter(({ up }) => up)
      .map(({ text }) => JSON.parse(text) as T)
      .filter((frame) => frame.type === type);
  }

  /** Frames of one type that were posted since `after` (an index into {@link posts}). */
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
      // To whoever is half-open nothing happens, as long as the proxy stands.
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
        // Upwards it still works; only the word back does not come.
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
