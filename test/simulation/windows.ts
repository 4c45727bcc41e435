/** Judges the windows of messages loaded by a tab after the world came to rest, and the messages found by id. */
import type { LoadedMessages } from '../../src/model/api/intents.ts';
import type { Message } from '../../src/model/message/message.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { nameFor } from './book.ts';
import type { Truth } from './truths.ts';
import type { Simulation } from './simulation.ts';

type Wanted = { readonly around: number } | { readonly before: number } | { readonly after: number };

const seqsOf = (messages: readonly Message[]): number[] => messages.map(({ seq }) => seq ?? 0);

/** The expected window, by plain loops over all messages visible to the user; `undefined` if more than one answer is right. */
const expected = (
  all: readonly number[],
  wanted: Wanted,
  limit: number,
): { readonly seqs: readonly number[]; readonly complete: boolean } | undefined => {
  if ('around' in wanted) return undefined;
  const side = 'before' in wanted ? all.filter((seq) => seq < wanted.before) : all.filter((seq) => seq > wanted.after);
  const seqs = 'before' in wanted ? side.slice(-limit) : side.slice(0, limit);
  return { seqs, complete: side.length <= limit };
};

/** A server refuses a question during many questions of the account, and answers a little later. */
const AGAIN_MS = 1000;
const MOST_TRIES = 10;

/** Asks again while the answer is shorter than `count`, or does not know the end that it should have reached. */
const load = async (sim: Simulation, count: number, reachesEnd: boolean, ask: () => Promise<LoadedMessages>): Promise<LoadedMessages> => {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.complete || (answer.messages.length >= count && !reachesEnd) || tries === MOST_TRIES) return answer;
    sim.count('window refused');
    await new Promise<void>((resolve) => sim.world.time.schedule(AGAIN_MS, 'asks for a window again', resolve));
  }
};

/** I-12: the answers are windows without gaps, each message has the expected `seq`, and `complete` is set exactly at the end. */
export const judgeWindows = async (sim: Simulation, tab: VirtualTab, user: string, truth: Truth): Promise<void> => {
  const part = truth.parts.get(user)!;
  // A former stay leaves messages on a device, and no message on another device.
  const all = truth.messages.flatMap(({ seq, ended }) => (ended ? [] : [seq]));
  if (part.joinedAt > 0 || all.length === 0) return;
  const random = sim.world.random.fork(`window ${tab.process.name} ${truth.chat}`);
  const at = random.pick(all);
  const limit = random.between(1, 8);
  for (const wanted of [{ before: at }, { after: at }, { around: at }] as const) {
    const right = expected(all, wanted, limit);
    const count = right ? right.seqs.length : Math.min(limit, all.length);
    const reachesEnd = right ? right.complete : all.length <= limit;
    const { messages, complete } = await load(sim, count, reachesEnd, () =>
      tab.ask('loadMessages', nameFor(user, truth.chat), { ...wanted, limit }),
    );
    sim.count('window');
    const seqs = seqsOf(messages);
    const what = `${tab.process.name} loads ${JSON.stringify(wanted)} of ${truth.chat}, at most ${limit} of ${all.length}, as ${seqs.join()}, complete ${complete}`;
    const isRight = right
      ? right.seqs.join() === seqs.join() && right.complete === complete
      : seqs.length === count && seqs.includes(at) && complete === all.length <= limit;
    const hasGap = seqs.some((seq, i) => i > 0 && seq !== seqs[i - 1]! + 1);
    const isOther = messages.some(({ id, seq }) => truth.messages[(seq ?? 0) - 1]?.id !== id);
    if (!isRight || hasGap || isOther) sim.violated('I-12', what);
  }
  const { id } = truth.messages[at - 1]!;
  const found = await tab.ask('findMessage', id);
  if (found?.id !== id || found.seq !== at) sim.violated('I-12', `${tab.process.name} stores ${id}, and finds ${JSON.stringify(found)}`);
};
