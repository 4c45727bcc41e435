/**
 * Judges what a tab answers about messages while the world goes on: loaded windows are in order, without doubles and of their chat, and no
 * answer is older than what the same tab has told before the call.
 */
import { firstValueFrom } from 'rxjs';
import type { Message } from '../../src/model/message/message.ts';
import type { MessageReceipts } from '../../src/model/message/receipt.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { type Chat, nameFor } from './book.ts';
import type { Simulation } from './simulation.ts';

/** How far a message has come; a message of another user, and a failed one, say nothing about it. */
const STEPS = ['pending', 'sent', 'delivered', 'read'];
const TIMES = ['deliveredAt', 'readAt', 'ackedAt', 'conversationReadAt'] as const;

/** The newest state that the tab has told of a message. */
interface Told {
  step: number;
  isRecalled: boolean;
  readonly times: Map<string, number>;
}

export class Loads {
  private readonly told = new Map<string, Told>();

  constructor(
    private readonly sim: Simulation,
    private readonly tab: VirtualTab,
    private readonly user: string,
    private readonly leaves: () => boolean,
  ) {}

  /** One question about the chat: a window, the shown messages or their receipts, and the same of one message by its id. */
  async ask(chat: Chat, random: SeededRandom): Promise<void> {
    const { tab, sim } = this;
    const name = nameFor(this.user, chat);
    const latest = sim.latestOf(chat);
    const limit = random.between(1, 20);
    const at = random.between(1, Math.max(1, latest));
    // The answer may be as old as the call.
    const before = structuredClone(this.told);
    const newest = sim.truths.get(chat)?.messages.slice(-limit) ?? [];
    const id = newest.length > 0 ? random.pick(newest).id : '';
    const kind = random.pick(['window', 'older', 'messages', 'receipts', 'receipts'] as const);
    sim.count(`asks ${kind}`);
    const find = (): Promise<Message | null> => tab.ask('findMessage', id);
    const around = random.pick([{ before: at }, { after: at }, { around: at }]);
    const windows = {
      window: async () => (await tab.ask('loadMessages', name, { ...around, limit })).messages,
      older: async () => (await tab.ask('loadOlderMessages', name, limit)).messages,
      messages: () => firstValueFrom(tab.watch({ of: 'messages', conversationId: name, limit }), { defaultValue: [] }),
    };
    if (kind !== 'receipts') return this.judge(chat, before, await this.agrees(id, find, windows[kind]));
    const one = (): Promise<MessageReceipts | null> => firstValueFrom(tab.watch({ of: 'receipts', messageId: id }), { defaultValue: null });
    const shown = tab.watch({ of: 'receipts-in', conversationId: name, limit });
    this.judgeReceipts(before, await this.agrees(id, one, () => firstValueFrom(shown, { defaultValue: [] })));
  }

  /** Asks about one message before and after the list. If the message has not changed in between, the list tells the same of it. */
  private async agrees<T extends Message | MessageReceipts>(
    id: string,
    one: () => Promise<T | null>,
    all: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const { sim, tab } = this;
    const first = await one();
    const list = await all();
    const inList = list.find((item) => ('messageId' in item ? item.messageId : item.id) === id);
    if (!first || !inList || !tab.process.alive || sim.restored || this.leaves()) return list;
    const text = JSON.stringify(first);
    if (JSON.stringify(inList) !== text && JSON.stringify(await one()) === text)
      sim.violated('I-14', `${tab.process.name} tells ${JSON.stringify(inList)} in a list, and ${text} by its id`);
    return list;
  }

  private judge(chat: Chat, before: ReadonlyMap<string, Told>, messages: readonly Message[]): void {
    const { sim, tab, user } = this;
    if (!tab.process.alive || sim.restored || this.leaves()) return;
    const who = tab.process.name;
    const list = messages.map(({ id, seq }) => `${id}@${seq ?? '?'}`).join(' ');
    const seqs = messages.flatMap(({ seq }) => seq ?? []);
    if (seqs.some((seq, i) => i > 0 && seq <= seqs[i - 1]!) || new Set(messages.map(({ id }) => id)).size < messages.length)
      sim.violated('I-12', `${who} loads messages of ${chat} out of order or twice: ${list}`);
    const truth = sim.truths.get(chat);
    for (const { id, seq, conversationId, status, recalled } of messages) {
      if (conversationId !== nameFor(user, chat) || (seq !== null && truth && truth.messages[seq - 1]?.id !== id))
        sim.violated('I-23', `${who} loads ${id} at ${seq ?? 'the end'} of ${conversationId}, among messages of ${chat}`);
      const step = STEPS.indexOf(status);
      const old = before.get(id);
      // The receipts of a message end with its recall.
      if (old && !recalled && ((step >= 0 && step < old.step) || old.isRecalled))
        sim.violated(
          'I-4',
          `${who} tells ${id} as ${status}, and had told it as ${STEPS[old.step] ?? status}${old.isRecalled ? ', recalled' : ''}`,
        );
      const told = this.toldOf(id);
      told.step = Math.max(told.step, step);
      // A recall that the server refuses is undone.
      told.isRecalled ||= recalled && seq !== null && truth?.messages[seq - 1]?.recalled === true;
    }
  }

  private judgeReceipts(before: ReadonlyMap<string, Told>, receipts: readonly MessageReceipts[]): void {
    const { sim, tab } = this;
    if (!tab.process.alive || sim.restored || this.leaves()) return;
    if (new Set(receipts.map(({ messageId }) => messageId)).size < receipts.length)
      sim.violated('I-12', `${tab.process.name} tells the receipts of a message twice`);
    for (const one of receipts)
      for (const time of TIMES) {
        const at = one[time];
        const was = before.get(one.messageId)?.times.get(time);
        if (was !== undefined && (at === null ? !this.mayBeRecalled(one.messageId) : at > was))
          sim.violated('I-4', `${tab.process.name} tells ${time} of ${one.messageId} as ${at ?? 'null'}, and had told ${was}`);
        if (at !== null && before.get(one.messageId)?.isRecalled)
          sim.violated('I-5', `${tab.process.name} tells ${time} of ${one.messageId}, and had told that it is recalled`);
        if (at !== null) this.toldOf(one.messageId).times.set(time, at);
      }
  }

  /** The device may show a recall before the server has it. */
  private mayBeRecalled(id: string): boolean {
    return this.sim.book.ops.some(({ kind, ids }) => kind === 'recall' && ids.includes(id));
  }

  private toldOf(id: string): Told {
    const told = this.told.get(id) ?? { step: -1, isRecalled: false, times: new Map<string, number>() };
    this.told.set(id, told);
    return told;
  }
}
