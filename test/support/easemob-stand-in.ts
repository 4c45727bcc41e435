/**
 * A stand-in for the vendor's message server, as far as receipts need one: log-in, texts, receipts, and the
 * queue of each user. The tests compare the vendor's SDK with the facade on this server. The schema of the
 * frames is read from the installed package.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import protobuf from 'protobufjs';
import { type WebSocket, WebSocketServer } from 'ws';
import { type StandIn, standInOver } from './stand-in.ts';

interface Jid {
  readonly name: string;
}

interface MessageBody {
  readonly type: number;
  readonly ackMessageId: { toString(): string };
  readonly ackContent: string;
  readonly ext: readonly object[];
}

interface Meta {
  readonly id: { toString(): string };
  readonly from: Jid;
  readonly to: Jid;
  readonly ns: number;
  readonly payload: Uint8Array;
}

const READ_ACK = 4;
const CHANNEL_ACK = 7;
const COMMAND = { sync: 0, unread: 1, notice: 2, provision: 3 } as const;
const STRING = 7;
const FAIL = 1;
const REPEAT_MS = 500;

/** The object literal after `Root.fromJSON(` in the SDK's file: data, with `!1` for false. */
const readSchema = async (): Promise<protobuf.INamespace> => {
  const code = await readFile(createRequire(import.meta.url).resolve('easemob-websdk'), 'utf8');
  const start = code.indexOf('{nested:{easemob:');
  let depth = 0;
  let end = start;
  do {
    if (code[end] === '{') depth++;
    if (code[end] === '}') depth--;
  } while (++end < code.length && depth > 0);
  return runInNewContext(`(${code.slice(start, end)})`) as protobuf.INamespace;
};

type Groups = Readonly<Record<string, readonly string[]>>;

/** The end of a receipt: the server takes the receipt, takes it and drops the connection before the answer, or refuses with a reason. */
export type EasemobVerdict = 'takes' | 'loses-answer' | { readonly reason: string };

/**
 * A stand-in's conversation with each client.
 *
 * @param groups members by group.
 * @param judge judges the receipts to a user or a group.
 */
export const easemobServer = async (
  groups: Groups,
  judge: (to: string) => EasemobVerdict = () => 'takes',
): Promise<{ connected(socket: WebSocket): void; stop(): void }> => {
  const root = protobuf.Root.fromJSON(await readSchema());
  const type = (name: string): protobuf.Type => root.lookupType(`easemob.pb.${name}`);
  const encode = (name: string, value: object): Uint8Array => type(name).encode(type(name).fromObject(value)).finish();
  const decode = <T>(name: string, bytes: Uint8Array): T => type(name).decode(bytes) as unknown as T;
  const queues = new Map<string, Meta[]>();
  const sockets = new Map<string, Set<WebSocket>>();
  const senderOf = new Map<string, string>();
  const readers = new Map<string, Set<string>>();
  let last = 1000;

  const say = (socket: WebSocket, command: number, payload: Uint8Array): void =>
    socket.send(encode('MSync', { version: 0, command, payload }));
  const notify = (user: string): void => {
    for (const socket of sockets.get(user) ?? []) say(socket, COMMAND.notice, encode('CommNotice', { queue: { name: user } }));
  };
  // The SDK drops a notice of a queue that it is fetching, so the notice is repeated until the SDK has fetched the whole queue.
  const repeats = setInterval(() => {
    for (const [user, queue] of queues) if (queue.length > 0) notify(user);
  }, REPEAT_MS);
  const push = (user: string, meta: object): void => {
    const queue = queues.get(user) ?? [];
    queues.set(user, queue);
    queue.push({ id: ++last, timestamp: Date.now(), ...meta } as unknown as Meta);
    notify(user);
  };
  /** The reader's group receipt reaches the message's sender with the number of readers. */
  const tellGroupRead = (meta: Meta, body: MessageBody, from: string): void => {
    const mid = body.ackMessageId.toString();
    const read = readers.get(mid) ?? new Set();
    readers.set(mid, read.add(from));
    const ext = [{ key: 'group_read_count', type: STRING, stringValue: JSON.stringify({ [mid]: read.size }) }];
    const payload = encode('MessageBody', { ...body, ext });
    const to = senderOf.get(mid);
    if (to !== undefined) push(to, { ...meta, id: ++last, from: { name: from }, payload });
  };
  const verdictOf = (meta: Meta): EasemobVerdict => {
    const { type: kind } = decode<MessageBody>('MessageBody', meta.payload);
    return kind === READ_ACK || kind === CHANNEL_ACK ? judge(meta.to.name) : 'takes';
  };
  const takes = (meta: Meta, from: string): string => {
    const serverId = String(++last);
    senderOf.set(serverId, from);
    const members = groups[meta.to.name];
    const body = decode<MessageBody>('MessageBody', meta.payload);
    const told = { ...meta, id: serverId, from: { name: from } };
    if (!members) push(meta.to.name, told);
    else if (body.type === READ_ACK) tellGroupRead(meta, body, from);
    else if (body.type !== CHANNEL_ACK) for (const member of members) if (member !== from) push(member, told);
    return serverId;
  };

  const connected = (socket: WebSocket): void => {
    let user = '';
    socket.on('message', (bytes: Buffer) => {
      const { command, guid, payload } = decode<{ command: number; guid: Jid | null; payload: Uint8Array }>('MSync', bytes);
      if (command === COMMAND.provision) {
        user = guid!.name;
        sockets.set(user, (sockets.get(user) ?? new Set()).add(socket));
        say(socket, command, encode('Provision', { status: { errorCode: 0 }, resource: 'web' }));
      } else if (command === COMMAND.unread) {
        const unread = queues.has(user) ? [{ queue: { name: user }, n: queues.get(user)!.length }] : [];
        say(socket, command, encode('CommUnreadDL', { status: { errorCode: 0 }, timestamp: Date.now(), unread }));
      } else if (command === COMMAND.sync) {
        const { meta, key, queue } = decode<{ meta: Meta | null; key: { toString(): string }; queue: Jid | null }>('CommSyncUL', payload);
        const status = { errorCode: 0 };
        if (meta) {
          // The log-in tells the vendor's server about the device; only messages and receipts (ns 1) have receivers.
          const verdict = meta.ns === 1 ? verdictOf(meta) : 'takes';
          if (typeof verdict === 'object') {
            const refusal = { status: { errorCode: FAIL, ...verdict }, metaId: meta.id, serverId: '0', timestamp: Date.now() };
            return say(socket, command, encode('CommSyncDL', refusal));
          }
          const serverId = meta.ns === 1 ? takes(meta, user) : '0';
          if (verdict === 'loses-answer') return socket.terminate();
          say(socket, command, encode('CommSyncDL', { status, metaId: meta.id, serverId, timestamp: Date.now() }));
        } else if (queue) {
          // The device has everything up to the key.
          const metas = (queues.get(user) ?? []).filter(({ id }) => Number(id) > Number(key));
          queues.set(user, metas);
          const nextKey = metas.at(-1)?.id ?? key;
          say(socket, command, encode('CommSyncDL', { status, metas, queue, nextKey, isLast: true, timestamp: Date.now() }));
        }
      }
    });
    socket.on('close', () => sockets.get(user)?.delete(socket));
  };
  return { connected, stop: () => clearInterval(repeats) };
};

/** @param groups members by group. */
export const startEasemobStandIn = async (groups: Groups): Promise<StandIn> => {
  const easemob = await easemobServer(groups);
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const standIn = standInOver(server);
  server.on('connection', (socket) => (standIn.isCut() ? socket.terminate() : easemob.connected(socket)));
  server.once('close', () => easemob.stop());
  return standIn;
};
