/** The tools of a check: fresh users, their devices, bare connections, and the host. */
import { randomBytes } from 'node:crypto';
import type { Frame } from '../protocol/frames.ts';
import { Device, hello } from './device.ts';
import type { Host } from './host.ts';
import type { Ledger } from './ledger.ts';
import type { Person, Users } from './users.ts';
import { type HttpAnswer, request, type RequestOptions } from './wire/request.ts';
import { WireSocket } from './wire/socket.ts';

export interface Environment {
  readonly url: string;
  readonly users: Users;
  readonly host: Host;
  readonly ledger: Ledger;
  readonly patienceMs: number;
  readonly name: (kind: string) => string;
}

export class Stage {
  private readonly sockets: WireSocket[] = [];

  constructor(private readonly environment: Environment) {}

  get url(): string {
    return this.environment.url;
  }
  get users(): Users {
    return this.environment.users;
  }
  get host(): Host {
    return this.environment.host;
  }
  get ledger(): Ledger {
    return this.environment.ledger;
  }
  get patienceMs(): number {
    return this.environment.patienceMs;
  }

  /** A new name for a group or a message. */
  name(kind: string): string {
    return this.environment.name(kind);
  }

  person(): Promise<Person> {
    return this.environment.users.next();
  }

  /** A bare connection: no hello yet. */
  async open(headers?: Readonly<Record<string, string>>, url = this.url, userId = 'stranger'): Promise<WireSocket> {
    const { ledger, patienceMs } = this.environment;
    const socket = await WireSocket.open(url, { ledger, patienceMs, userId, ...(headers ? { headers } : {}) });
    this.sockets.push(socket);
    return socket;
  }

  /** A device that the server has welcomed, and that has pulled nothing. */
  async connect(person?: Person, deviceId = 'd1'): Promise<Device> {
    const who = person ?? (await this.person());
    const device = new Device(await this.open(undefined, this.url, who.userId), who, this.ledger);
    device.wire.send(hello(who, deviceId));
    device.welcome = await device.wire.next('welcome', 'welcome as the answer to hello');
    return device;
  }

  /** A device with a copy: it has pulled a snapshot, and the live feed follows. */
  async device(person?: Person, deviceId?: string): Promise<Device> {
    const device = await this.connect(person, deviceId);
    await device.pull(null);
    return device;
  }

  /** Devices of two users without a conversation. */
  async pair(): Promise<[Device, Device]> {
    return [await this.device(), await this.device()];
  }

  /** A request to the HTTP endpoint. */
  post(body: string | readonly object[] | undefined, more: Partial<RequestOptions> = {}, url = this.url): Promise<HttpAnswer> {
    const { ledger, patienceMs } = this.environment;
    return request(url, body, { ledger, patienceMs: patienceMs * 2, userId: 'stranger', ...more });
  }

  /** A request of a user: hello, and these frames. */
  async ask(person: Person, frames: readonly object[]): Promise<HttpAnswer> {
    return this.post([hello(person), ...frames], { userId: person.userId });
  }

  /** Ends all connections of the check. */
  end(): void {
    for (const socket of this.sockets.splice(0)) socket.cut();
  }
}

const freshId = (): string => randomBytes(8).toString('hex');

/** A message entry; `more` replaces fields. */
export const message = (conversationId: string, more: object = {}): Record<string, unknown> & { key: string; id: string } => ({
  kind: 'message',
  key: freshId(),
  conversationId,
  cursor: null,
  id: freshId(),
  body: '"hello"',
  receiptRequested: true,
  countable: true,
  ...more,
});

/** A receipts entry with these registers. */
export const receipts = (conversationId: string, registers: object): Record<string, unknown> & { key: string } => ({
  kind: 'receipts',
  key: freshId(),
  conversationId,
  cursor: null,
  ...registers,
});

export const recall = (conversationId: string, id: string): Record<string, unknown> & { key: string } => ({
  kind: 'recall',
  key: freshId(),
  conversationId,
  cursor: null,
  id,
});

/** The row that an answer carries. */
export const rowIn = (answer: Frame<'answer'>, at = 0) => {
  const result = answer.results[at];
  return result?.outcome === 'confirmed' ? result.row : undefined;
};
