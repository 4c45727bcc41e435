/** Compares the messages shown by tabs at rest with the server's tables. */
import { firstValueFrom } from 'rxjs';
import { judgeAnswers } from './answers.ts';
import { judgeWindows } from './windows.ts';
import { type Chat, nameFor } from './book.ts';
import { isMentioned } from './mentions.ts';
import { judgeLists } from './lists.ts';
import { judgeFirstPaint } from './painted.ts';
import { restWithin } from './rest.ts';
import type { Home, Simulation } from './simulation.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import type { Stepping } from './stepping.ts';

const statusOf = (sim: Simulation, chat: Chat, user: string, seq: number): string => {
  const truth = sim.truths.get(chat)!;
  if (truth.isGroup) return 'sent';
  const message = truth.messages[seq - 1]!;
  const peer = [...truth.parts.values()].find((part) => part.user !== user);
  const within = (ranges: readonly (readonly [number, number])[]): boolean => ranges.some(([from, upTo]) => seq >= from && seq <= upTo);
  if (!peer || message.recalled) return 'sent';
  const isRead = within(peer.read) || within(peer.named);
  if (message.asked && isRead) return 'read';
  return isRead || within(peer.delivered) ? 'delivered' : 'sent';
};

/** Judges each message on each of these devices, and the answers of its tab. */
export const judgeScreens = async (sim: Simulation, homes: readonly Home[], stepping: Stepping): Promise<void> => {
  const { violated } = sim;
  const { time } = sim.world;
  for (const home of homes) {
    // A page with a hanging disk is reloaded, also at rest.
    const openTab = (): VirtualTab | undefined => home.device.openTabs.find((one) => one.isReady && home.screens.has(one));
    let tab = openTab();
    if (!tab) continue;
    const user = home.device.userId;
    await stepping.wait(judgeLists(sim, tab, user), 10_000);
    await stepping.wait(judgeFirstPaint(sim, home, tab), 10_000);
    home.screens.get(tab)!.news.judgeAtRest();
    await stepping.wait(home.notices.judgeAtRest(tab), 10_000);
    for (const { chat, parts, messages } of sim.truths.values()) {
      if (!parts.get(user)?.isIn || messages.length === 0) continue;
      const shows = async (of: VirtualTab): Promise<string[]> => {
        // The server may end messages while the judge waits.
        const truth = sim.truths.get(chat)!;
        const list = await firstValueFrom(of.watch({ of: 'messages', conversationId: nameFor(user, truth.chat), limit: 1000 }));
        const problems: string[] = [];
        const held = new Map(list.filter(({ seq }) => seq !== null).map((message) => [message.seq!, message]));
        for (const one of truth.messages) {
          const { id, seq, senderId, recalled } = one;
          const message = held.get(seq);
          if (one.ended) {
            if (message) problems.push(`${of.process.name} shows ${id} of ${truth.chat}, which has ended`);
            continue;
          }
          if (!message) {
            // A full device evicts old messages to store the calls of its user.
            const evicts = sim.counts.has('disk quota');
            if (!truth.isGroup && !evicts) problems.push(`${of.process.name} does not store ${id} of ${truth.chat}`);
            continue;
          }
          if (!sim.restored && [...home.screens.get(of)!.deadLetters.values()].includes(id))
            problems.push(`${of.process.name} shows ${id} of ${truth.chat}, and shows it as failed, too`);
          const status = senderId === user ? statusOf(sim, truth.chat, user, seq) : 'received';
          const body = message.body as { id?: string } | null;
          if (
            message.id !== id ||
            message.recalled !== recalled ||
            message.status !== status ||
            message.mentionsMe !== isMentioned(one, user) ||
            (body === null) !== recalled ||
            (body && body.id !== id)
          )
            problems.push(
              `${of.process.name} shows ${message.id} at ${seq} of ${truth.chat} as ${message.status}${message.recalled ? ', recalled' : ''}${message.mentionsMe ? ', a mention' : ''} ${JSON.stringify(body)}; it is ${id}, ${status}${recalled ? ', recalled' : ''}${isMentioned(one, user) ? ', a mention' : ''}`,
            );
        }
        return problems;
      };
      const deadline = time.now + restWithin(sim.config);
      for (;;) {
        let problems: string[] = ['no answer'];
        tab = openTab() ?? tab;
        await stepping.wait(
          shows(tab).then((found) => (problems = found)),
          10_000,
        );
        if (problems.length === 0 || sim.violation) break;
        if (time.now > deadline) {
          violated('I-14', problems[0]!);
          break;
        }
        const until = time.now + 500;
        await stepping.until(() => time.now >= until || time.nextAt > until);
        time.now = Math.max(time.now, until);
      }
      const truth = sim.truths.get(chat)!;
      await stepping.wait(
        // A request may be lost in the last fault.
        Promise.all([judgeAnswers(sim, tab, user, truth), judgeWindows(sim, tab, user, truth)]).catch((error: unknown) =>
          sim.count(`refused at rest ${String(error)}`),
        ),
        30_000,
      );
      if (sim.violation) return;
    }
  }
};
