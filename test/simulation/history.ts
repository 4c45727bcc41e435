/** A chat with a long history from before the first device of the world: new devices and absent devices have to catch up. */
import { directChat } from './book.ts';
import { drawMentions } from './mentions.ts';
import type { Simulation } from './simulation.ts';

export const makeHistory = async (sim: Simulation): Promise<void> => {
  const { world, homes, groups, book, config } = sim;
  const random = world.random.fork('history');
  const users = [...new Set(homes.map(({ device }) => device.userId))];
  const long = [...groups].filter(([, members]) => members.size > 1).map(([chat]) => chat);
  const chat = long.length > 0 && random.chance(0.3) ? random.pick(long) : directChat(users[0]!, users[1]!);
  const speakers = groups.has(chat) ? [...groups.get(chat)!] : users.slice(0, 2);
  const named = world.random.fork('history of mentions');
  // One user mentions all others in every second message: more pieces than a row names.
  const scattered = config.tier !== 'dexie' && named.chance(0.3);
  const drawn = config.tier === 'dexie' ? random.between(201, 260) : random.between(201, 450);
  // One user sends all messages: receipts for every second message make more pieces than a row takes.
  const isMonologue = scattered || named.fork('monologue').chance(0.5);
  const length = scattered ? named.between(520, 600) : drawn;
  for (let i = 1; i <= length; i++) {
    const drawnFrom = random.pick(speakers);
    const from = isMonologue ? speakers[0]! : drawnFrom;
    const { device } = homes.find((home) => home.device.userId === from)!;
    const id = `h${i}`;
    const asks = random.chance(0.8) || isMonologue;
    const countable = random.chance(0.95) || scattered;
    const mentions = scattered ? (i % 2 === 0 ? 'all' : undefined) : drawMentions(named, users);
    const op = book.begin(device, 'say', { chat, ids: [id] });
    book.said.set(id, { id, from, device: device.name, chat, countable, asks, mentions, op });
    const to = chat.startsWith('group:') ? { group: chat.slice('group:'.length) } : { user: speakers.find((name) => name !== from)! };
    await world.server.host.publish({
      from,
      to,
      id,
      body: { chat, id },
      receiptRequested: asks,
      countable,
      ...(mentions ? { mentions } : {}),
    });
    op.state = 'done';
    op.latestAtEnd = i;
  }
  sim.count(scattered ? 'history of mentions' : 'history');
};
