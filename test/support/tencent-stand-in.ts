/**
 * A stand-in for the server of Tencent Chat, as far as receipts of direct chats need one. The vendor's SDK is judged against the facade with
 * it. Frames are JSON: a request has a command, and a push has a list of events.
 */
import { type WebSocket, WebSocketServer } from 'ws';
import { type StandIn, standInOver } from './stand-in.ts';

interface Head {
  readonly seq: number;
  readonly servcmd: string;
  /** The user, in the first log-in; later the key that the log-in gave. */
  readonly identifier?: string;
  readonly a2?: string;
}

interface MessageInfo {
  readonly From_Account: string;
  readonly To_Account: string;
}

interface Body {
  /** Of a message. */
  readonly To_Account: string;
  readonly MsgSeq: number;
  /** Of receipts: their receiver, and the messages. */
  readonly Peer_Account: string;
  readonly C2CMsgInfo: readonly MessageInfo[];
  /** Of a read conversation: its peer, and the time of the newest message that was read. */
  readonly C2CMsgReaded: { readonly C2CMsgReadedItem: readonly { readonly To_Account: string; readonly LastedMsgTime: number }[] };
}

const KEY = 'key-of-';
/** Numbers of the vendor's events. */
const EVENT = { notice: 8, message: 9, receipts: 16 } as const;

const seconds = (): number => Math.floor(Date.now() / 1000);
/** The id of a message begins with a number of its sender. */
const tinyIdOf = (user: string): string => `14411${Buffer.from(user).readUIntBE(0, 3)}`;

export const startTencentStandIn = async (): Promise<StandIn> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const sockets = new Map<string, WebSocket>();
  const queues = new Map<string, object[]>();
  let seq = 1;
  const standIn = standInOver(server);

  const say = (socket: WebSocket, head: object, body: object): void => socket.send(Buffer.from(JSON.stringify({ head, body })));
  const push = (user: string, event: object): void => {
    const socket = sockets.get(user);
    if (socket) say(socket, { seq: seq++, servcmd: 'im_open_push.msg_push' }, { EventArray: [event], NeedAck: 0 });
    else queues.set(user, [...(queues.get(user) ?? []), event]);
  };
  const answers: Readonly<Record<string, (me: string, body: Body) => object>> = {
    wslogin: (me) => ({
      A2Key: KEY + me,
      TinyId: tinyIdOf(me),
      HelloInterval: 300,
      InstId: 1,
      TimeStamp: seconds(),
      PurchaseBits: String(2n ** 64n - 1n),
    }),
    // What came while the user was away.
    getmsg: (me) => {
      const EventArray = queues.get(me) ?? [];
      queues.delete(me);
      return { Cookie: 'cookie', SyncFlag: 2, MsgList: [], EventArray };
    },
    sendmsg: (me, body) => {
      const MsgTime = seconds();
      push(body.To_Account, { Event: EVENT.message, C2cMsgArray: [{ ...body, MsgTimeStamp: MsgTime, MsgTime, TinyId: tinyIdOf(me) }] });
      return { MsgTime, MsgSeq: body.MsgSeq };
    },
    c2c_msg_read_receipt: (me, { Peer_Account, C2CMsgInfo }) => {
      const C2cMsgInfo = C2CMsgInfo.map((one) => ({ ...one, TinyId: tinyIdOf(one.From_Account) }));
      push(Peer_Account, { Event: EVENT.receipts, UserId: me, TimeStamp: seconds(), C2cMsgInfo });
      return {};
    },
    msgreaded: (me, { C2CMsgReaded }) => {
      for (const { To_Account, LastedMsgTime } of C2CMsgReaded.C2CMsgReadedItem) {
        const C2cReadedReceipt = { To_Account: me, UinPairReadArray: [{ LastReadTime: LastedMsgTime }] };
        push(To_Account, { Event: EVENT.notice, C2cNotifyMsgArray: [{ C2cReadedReceipt }] });
      }
      return {};
    },
  };

  server.on('connection', (socket) => {
    if (standIn.isCut()) return socket.terminate();
    let me = '';
    socket.on('message', (bytes: Buffer) => {
      const { head, body } = JSON.parse(bytes.toString()) as { readonly head: Head; readonly body: Body };
      const command = head.servcmd.split('.')[1] ?? '';
      if (command === 'wslogin') me = head.identifier ?? head.a2!.slice(KEY.length);
      const answer = answers[command]?.(me, body) ?? {};
      say(socket, { seq: head.seq, servcmd: head.servcmd }, { ErrorCode: 0, ErrorInfo: '', ActionStatus: 'OK', ...answer });
      if (command === 'wslogin') sockets.set(me, socket);
    });
    socket.on('close', () => {
      if (sockets.get(me) === socket) sockets.delete(me);
    });
  });
  return {
    ...standIn,
    cut() {
      // The events wait for the next log-in from now on.
      sockets.clear();
      standIn.cut();
    },
  };
};
