/**
 * What the vendor's own SDK and the facade need to run one script: both start in the same way, and one log holds what each phone heard, with
 * ids by the order of their first use and without times.
 */
import vendor from 'easemob-websdk';
import { expect } from 'vitest';
import facade from '../../src/compat/easemob/easemob.ts';
import { ask, Backend, stretched } from './backend.ts';

const CREW = ['alice', 'bob', 'carol'] as const;
type User = (typeof CREW)[number];

interface Phone {
  addEventHandler(id: string, handlers: object): void;
  open(options: { user: string; accessToken: string }): Promise<unknown>;
  send(message: unknown): Promise<{ localMsgId: string; serverMsgId: string }>;
  close(): void;
}

interface Sdk {
  /** Logs a user in, in the place of the user's phone before. */
  connect(user: User): Promise<Phone>;
  create(options: object): { readonly id: string };
  /** Ends all connections and refuses new ones, until `heal`. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** The vendor's SDK, with a stand-in for its server. */
export const startVendor = async (): Promise<Sdk> => {
  const { port } = await ask('startStandIn', { crew: [...CREW] });
  const open: { close(): void }[] = [];
  vendor.logger.disableAll();
  return {
    create: (options) => vendor.message.create(options as never),
    connect: async (user) => {
      const conn = new vendor.connection({ appKey: 'org#app', delivery: true, url: `ws://127.0.0.1:${port}`, isHttpDNS: false });
      open.push(conn);
      const phone = conn as unknown as Phone;
      await conn.open({ user, accessToken: 'token' });
      return phone;
    },
    cut: async () => void (await ask('cutStandIn', { port })),
    heal: async () => void (await ask('healStandIn', { port })),
    stop: async () => {
      for (const conn of open) conn.close();
      await ask('stopStandIn', { port });
    },
  };
};

/** The facade, with the real server. */
export const startFacade = async (): Promise<Sdk> => {
  const backend = await Backend.start(CREW);
  const open: { close(): void }[] = [];
  return {
    create: (options) => facade.message.create(options as never),
    connect: async (user) => {
      const conn = new facade.connection({ appKey: 'org#app', delivery: true }, { url: backend.url });
      open.push(conn);
      const connected = new Promise<void>((resolve) => conn.addEventHandler('connected', { onConnected: resolve }));
      await conn.open({ user, accessToken: `token-of-${user}` });
      await connected;
      return conn;
    },
    cut: () => backend.cut(),
    heal: () => backend.heal(),
    stop: async () => {
      for (const conn of open) conn.close();
      await backend.stop();
    },
  };
};

const EVENTS = [
  'onTextMessage',
  'onReceivedMessage',
  'onDeliveredMessage',
  'onReadMessage',
  'onChannelMessage',
  'onRecallMessage',
  'onDisconnected',
  'onError',
];
/** How often a connection ends and comes back is a matter of time. */
const NOT_COMPARED = ['onDisconnected'];

/** A receipt has an id of its own in both systems. */
const RECEIPT = '(receipt)';

type Line = readonly [who: string, name: string, payload: Readonly<Record<string, unknown>>];

/** One run of a script. */
export class Run {
  private readonly log: Line[] = [];
  private readonly phones = new Map<User, Phone>();
  /** By the server's id of the text. */
  private readonly texts = new Map<string, { readonly label: string; readonly localId: string }>();

  private constructor(private readonly sdk: Sdk) {}

  static async start(sdk: Sdk): Promise<Run> {
    const run = new Run(sdk);
    for (const user of CREW) await run.open(user);
    return run;
  }

  /** Logs the user in, also again. */
  async open(user: User): Promise<void> {
    const phone = await this.sdk.connect(user);
    this.phones.set(user, phone);
    const handlers = Object.fromEntries(EVENTS.map((name) => [name, (payload?: object) => this.log.push([user, name, { ...payload }])]));
    phone.addEventHandler('UNIQUE_HANDLER_ID', handlers);
  }

  close(user: User): void {
    this.phones.get(user)?.close();
  }

  /** Waits until this phone has heard this event `times` times. */
  async heard(who: User, name: string, part: object = {}, times = 1): Promise<void> {
    const count = (): number =>
      this.log.filter((line) => line[0] === who && line[1] === name && Object.entries(part).every(([key, value]) => line[2][key] === value))
        .length;
    await expect
      .poll(count, { timeout: await stretched(15_000), message: `${who} ${name} ${JSON.stringify(part)}` })
      .toBeGreaterThanOrEqual(times);
  }

  /** Sends a text, names its ids, and waits until `to` have it. */
  async say(from: User, label: string, options: object, to: readonly User[]): Promise<string> {
    const message = this.sdk.create({ type: 'txt', msg: label, ...options });
    const { serverMsgId, localMsgId } = await this.phones.get(from)!.send(message);
    this.texts.set(serverMsgId, { label, localId: localMsgId });
    for (const who of to) await this.heard(who, 'onTextMessage', { id: serverMsgId });
    return serverMsgId;
  }

  acknowledge(from: User, options: object): Promise<unknown> {
    return this.phones.get(from)!.send(this.sdk.create(options));
  }

  /** As {@link acknowledge}, and the app ignores the promise, as the vendor's samples do. */
  acknowledgeOffline(from: User, options: object): void {
    this.acknowledge(from, options).catch(() => undefined);
  }

  /** Logs what a call comes to: `resolved`, or the type of the vendor's error. */
  async outcome(who: User, name: string, call: (phone: Phone) => Promise<unknown>): Promise<void> {
    const outcome = await call(this.phones.get(who)!).then(
      () => 'resolved',
      (error: unknown) => (error as { readonly type?: number }).type,
    );
    this.log.push([who, name, { outcome }]);
  }

  /** Sorted by phone and event. */
  lines(): readonly string[] {
    return this.log
      .filter(([, name]) => !NOT_COMPARED.includes(name))
      .map(([who, name, payload]) => {
        const tidied = Object.keys(payload)
          .sort()
          .flatMap((key) => {
            const value = name === 'onReceivedMessage' && key === 'id' ? this.localName(payload) : this.tidy(key, payload[key]);
            return value === undefined ? [] : [`${key}: ${JSON.stringify(value)}`];
          });
        return `${who} ${name} { ${tidied.join(', ')} }`;
      })
      .sort();
  }

  /**
   * The name of an id that the device gave. The vendor's SDK counts ids of texts and of automatic receipts apart from the same clock, so a
   * receipt of one phone may have the id of a text of another phone. Only the server's id beside it tells the text.
   */
  private localName({ id, mid }: Line[2]): string {
    const text = this.texts.get(String(mid));
    return text !== undefined && text.localId === id ? text.label : RECEIPT;
  }

  private tidy(key: string, value: unknown): unknown {
    if (key === 'time') return undefined;
    if (key === 'groupReadCount')
      return Object.fromEntries(Object.entries(value as object).map(([id, count]) => [this.texts.get(id)?.label ?? id, count as unknown]));
    if (typeof value !== 'string') return value;
    return this.texts.get(value)?.label ?? (key === 'id' || key === 'mid' ? RECEIPT : value);
  }
}

/** The vendor's SDK rejects promises of its own when its connection closes. */
const ignore = (event: PromiseRejectionEvent): void => event.preventDefault();

/** Runs a script with the vendor's SDK and with the facade. */
export const judge = async (
  script: (run: Run, sdk: Sdk) => Promise<void>,
): Promise<{ readonly theirs: readonly string[]; readonly ours: readonly string[] }> => {
  const runWith = async (start: () => Promise<Sdk>): Promise<readonly string[]> => {
    const sdk = await start();
    try {
      const run = await Run.start(sdk);
      await script(run, sdk);
      return run.lines();
    } finally {
      await sdk.stop();
    }
  };
  addEventListener('unhandledrejection', ignore);
  const theirs = await runWith(startVendor).finally(() => removeEventListener('unhandledrejection', ignore));
  return { theirs, ours: await runWith(startFacade) };
};

/** The lines that one log has and the other has not, each as often as it comes more. */
export const more = (log: readonly string[], other: readonly string[]): string[] => {
  const left = [...other];
  return log.filter((line) => {
    const at = left.indexOf(line);
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
};
