/** Judges the first paint of a device at rest: a page that starts now must paint what an open page shows (F113). */
import { firstValueFrom } from 'rxjs';
import { type Conversation, type FirstPaint, PAINTED_CONVERSATIONS } from '../../src/model/conversation/conversation.ts';
import { PAINT_KEY } from '../../src/model/storage-name.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import type { Home, Simulation } from './simulation.ts';

/** Long texts are not painted, nor are encrypted ones. */
const textOf = ({ totals, conversations }: FirstPaint, whole: readonly Conversation[]): string =>
  JSON.stringify({
    totals,
    conversations: conversations.map(({ lastMessage, ...rest }, i) =>
      whole[i]?.lastMessage?.body === lastMessage?.body ? { ...rest, lastMessage } : rest,
    ),
  });

export const judgeFirstPaint = async (sim: Simulation, { device }: Home, tab: VirtualTab): Promise<void> => {
  const { durability } = await firstValueFrom(tab.watch({ of: 'connection' }));
  const totals = await firstValueFrom(tab.watch({ of: 'badge' }));
  const conversations = await firstValueFrom(tab.watch({ of: 'conversations', limit: PAINTED_CONVERSATIONS }));
  // A device that refuses to store paints nothing, or what it painted before.
  if (durability !== 'durable' || totals === null) return;
  const painted = device.disk.get('meta', PAINT_KEY) as FirstPaint | undefined;
  const shows = { totals, conversations } as FirstPaint;
  const [paints, wanted] = [painted && textOf(painted, conversations), textOf(shows, painted?.conversations ?? conversations)];
  if (paints !== wanted) sim.violated('F113', `${device.name} would paint ${paints}, and ${tab.process.name} shows ${wanted}`);
};
