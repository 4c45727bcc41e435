/** Judges the lists of a tab at rest: the shown conversations, their order, and whether pages follow each other without a gap. */
import { firstValueFrom } from 'rxjs';
import type { Conversation } from '../../src/model/conversation/conversation.ts';
import type { ListWanted } from '../../src/model/conversation/list.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { nameFor } from './book.ts';
import { type Part, type Truth, unreadOf } from './truths.ts';
import type { Simulation } from './simulation.ts';

const namesOf = (list: readonly Conversation[]): string => list.map(({ id }) => id).join(' ');

/** Whether the list shows the conversation, by the server's tables. */
const isWanted = (truth: Truth, part: Part, { type, unreadOnly, archived = false }: Partial<ListWanted>): boolean =>
  (type === undefined || (type === 'group') === truth.isGroup) &&
  part.archived === archived &&
  (!unreadOnly || (part.isIn && (unreadOf(truth, part) > 0 || part.marked)));

export const judgeLists = async (sim: Simulation, tab: VirtualTab, user: string): Promise<void> => {
  const list = (wanted: Partial<ListWanted>): Promise<readonly Conversation[]> =>
    firstValueFrom(tab.watch({ of: 'conversations', limit: 100, ...wanted }));
  const who = tab.process.name;
  for (const wanted of [{}, { archived: true }, { unreadOnly: true }, { type: 'group' }, { type: 'direct', unreadOnly: true }] as const) {
    const whole = await list(wanted);
    const shown: string = whole
      .map(({ id }) => id)
      .sort()
      .join(' ');
    const expected = [...sim.truths.values()].flatMap((truth) => {
      const part = truth.parts.get(user);
      const isShown = part && truth.messages.length > 0 && (part.isIn || part.joinedAt > 0);
      return isShown && isWanted(truth, part, wanted) ? [nameFor(user, truth.chat)] : [];
    });
    if (shown !== expected.sort().join(' '))
      sim.violated('I-13', `${who} lists ${shown} for ${JSON.stringify(wanted)}; expected ${expected.join(' ')}`);
    const pages: string[] = [];
    let before: ListWanted['before'];
    do {
      const page: readonly Conversation[] = await list({ ...wanted, limit: 2, ...(before ? { before } : {}) });
      if (page.length > 0) pages.push(namesOf(page));
      before = page.at(-1)?.id;
    } while (before && pages.length < 100);
    if (pages.join(' ') !== namesOf(whole))
      sim.violated('I-13', `${who} shows pages ${pages.join(' | ')} of the list ${namesOf(whole)} for ${JSON.stringify(wanted)}`);
    const times = whole.filter(({ left }) => !left).map(({ lastMessage }) => lastMessage?.sentAt ?? 0);
    if (times.some((at, i) => i > 0 && at > times[i - 1]!))
      sim.violated('I-13', `${who} lists times ${times.join()} for ${namesOf(whole)}`);
  }
};
