/** What tests do with the tabs of a world: a message, the value of a topic now, and the time until a topic has a value. */
import { filter, firstValueFrom } from 'rxjs';
import type { Message } from '../../src/model/message.ts';
import type { Topic, TopicValue } from '../../src/model/topic.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import type { TestWorld } from '../../src/testing/world.ts';

export const say = (world: TestWorld, tab: VirtualTab, peer: string, text: string): Promise<Message> =>
  world.until(tab.do('sendMessage', `direct:${peer}`, { body: JSON.stringify(text) }));

export const now = <T extends Topic>(world: TestWorld, tab: VirtualTab, topic: T): Promise<TopicValue[T['of']]> =>
  world.until(firstValueFrom(tab.watch(topic)));

/** Lets time pass until the topic has a value that the test accepts. @throws {Error} after `withinMs` of virtual time; default: a minute. */
export const until = <T extends Topic>(
  world: TestWorld,
  tab: VirtualTab,
  topic: T,
  accepts: (value: TopicValue[T['of']]) => boolean,
  withinMs?: number,
): Promise<TopicValue[T['of']]> => world.until(firstValueFrom(tab.watch(topic).pipe(filter(accepts))), withinMs);

/** Lets time pass until the tab's account is connected and has caught up. */
export const live = (world: TestWorld, tab: VirtualTab): Promise<unknown> =>
  until(world, tab, { of: 'connection' }, ({ state }) => state === 'live');

/** Notes every frame that leaves a device from now on, by the way it takes. A request is one text with all its frames. */
export const sentBy = (device: VirtualDevice): { readonly sockets: string[]; readonly requests: string[] } => {
  const sent = { sockets: [] as string[], requests: [] as string[] };
  device.network.leaves = (_, text) => {
    if (text.startsWith('[')) sent.requests.push(text);
    else if (text.startsWith('{')) sent.sockets.push(text);
  };
  return sent;
};
