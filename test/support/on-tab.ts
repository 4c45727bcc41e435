/** The kit for tests of the engine: each call of a tab lets virtual time pass until the answer. */
import { filter, firstValueFrom, type Observable } from 'rxjs';
import type { Intents, Queries } from '../../src/model/api/intents.ts';
import type { Topic, TopicValue } from '../../src/model/api/topic.ts';
import type { ClientFrame } from '../../src/protocol/frames.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import type { TestWorld } from '../../src/testing/world.ts';

export class WorldTab {
  constructor(
    private readonly world: TestWorld,
    readonly tab: VirtualTab,
  ) {}

  do<K extends keyof Intents>(name: K, ...args: Parameters<Intents[K]>): Promise<ReturnType<Intents[K]>> {
    return this.world.until(this.tab.do(name, ...args));
  }

  ask<K extends keyof Queries>(name: K, ...args: Parameters<Queries[K]>): Promise<ReturnType<Queries[K]>> {
    return this.world.until(this.tab.ask(name, ...args));
  }

  say(peer: string, text: string, more: { id?: string; requestReceipt?: boolean; countable?: boolean } = {}) {
    return this.do('sendMessage', `direct:${peer}`, { body: JSON.stringify(text), ...more });
  }

  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.tab.watch(topic);
  }

  now<T extends Topic>(topic: T): Promise<TopicValue[T['of']]> {
    return this.world.until(firstValueFrom(this.watch(topic)));
  }

  /** Resolves with the first value accepted by the test. @throws {Error} after `withinMs` of virtual time; default: a minute. */
  until<T extends Topic>(topic: T, accepts: (value: TopicValue[T['of']]) => boolean, withinMs?: number): Promise<TopicValue[T['of']]> {
    return this.world.until(firstValueFrom(this.watch(topic).pipe(filter(accepts))), withinMs);
  }

  /** Resolves when the account is connected and has caught up. */
  live(): Promise<unknown> {
    return this.until({ of: 'connection' }, ({ state }) => state === 'live');
  }

  close(): Promise<void> {
    return this.world.until(this.tab.close());
  }
}

export const openTab = async (world: TestWorld, device: VirtualDevice): Promise<WorldTab> => new WorldTab(world, await world.open(device));

/** Opens a tab on a new device of a user. */
export const openDevice = async (world: TestWorld, userId: string, name?: string): Promise<[VirtualDevice, WorldTab]> => {
  const device = world.device(userId, name);
  return [device, await openTab(world, device)];
};

/**
 * Lets time pass until a condition holds.
 *
 * @returns the passed time, in milliseconds.
 * @throws {Error} after `withinMs`.
 */
export const reach = async (world: TestWorld, what: string, holds: () => boolean, withinMs: number): Promise<number> => {
  const since = world.time.now;
  for (await world.pass(0); !holds(); await world.time.step())
    if (world.time.nextAt > since + withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
  return world.time.now - since;
};

/** A device, or a tab with a network of its own. */
type OnNetwork = Pick<VirtualDevice, 'network'>;

/** Breaks the connections of a device, and lets nothing pass until {@link goOnline}. */
export const goOffline = ({ network }: OnNetwork): void => {
  network.set({ up: false, down: false });
  network.cut();
};

export const goOnline = ({ network }: OnNetwork): void => network.set({ up: true, down: true });

/** Notes every leaving frame of a device from now on, by transport. A request is a single text with all its frames. */
export const sentBy = (device: VirtualDevice): { readonly sockets: string[]; readonly requests: string[] } => {
  const sent = { sockets: [] as string[], requests: [] as string[] };
  device.network.leaves = (_, text) => {
    if (text.startsWith('[')) sent.requests.push(text);
    else if (text.startsWith('{')) sent.sockets.push(text);
  };
  return sent;
};

/** The texts with submitted entries. */
export const submits = (texts: readonly string[]): string[] => texts.filter((text) => text.includes('"type":"submit"'));

/** The frames of this type in these texts. A request's frames count too. */
export const framesOf = <T extends ClientFrame['type']>(type: T, texts: readonly string[]): Extract<ClientFrame, { type: T }>[] =>
  texts
    .flatMap((text) => JSON.parse(text) as ClientFrame | ClientFrame[])
    .filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type);
