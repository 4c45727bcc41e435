/** Judges the server's tables at every commit (I-2, I-4, I-5, I-6, I-7, I-9, I-11, I-25). */
import type { Chat } from './book.ts';
import { has, type Part, RECEIPT_WINDOW_MS, type Truth, type Violated } from './truths.ts';

/** Judges the server's tables, which must be right at every moment. `before` are the tables of the moment before. */
export const judgeTables = (now: Map<Chat, Truth>, before: Map<Chat, Truth> | null, violated: Violated): void => {
  for (const [chat, truth] of now) {
    const old = before?.get(chat);
    // The conversation was judged when its rows were new.
    if (truth === old) continue;
    const ids = new Set<string>();
    truth.messages.forEach(({ id, seq, ended }, i) => {
      if (ended && truth.receipts.has(seq)) violated('retention', `${chat}: ${id} has ended, and has a receipt`);
      if (ended && i > 0 && !truth.messages[i - 1]!.ended)
        violated('retention', `${chat}: ${id} has ended before ${truth.messages[i - 1]!.id}`);
      if (seq !== i + 1) violated('gapless', `${chat}: ${id} has the seq ${seq} and is message ${i + 1}`);
      if (ids.has(id)) violated('I-2', `${chat}: ${id} is there twice`);
      ids.add(id);
    });
    old?.messages.forEach(({ id, recalled, ended }, i) => {
      if (ended && !truth.messages[i]?.ended) violated('retention', `${chat}: ${id} had ended, and is there again`);
      if (truth.messages[i]?.id !== id) violated('order', `${chat}: ${id} does not have the seq ${i + 1} any more`);
      if (recalled && !truth.messages[i]?.recalled) violated('recall', `${chat}: ${id} came back`);
    });
    for (const part of truth.parts.values()) {
      const was = old?.parts.get(part.user);
      if (was && part.readUpTo < was.readUpTo) violated('I-4', `${chat}: ${part.user} went back from ${was.readUpTo} to ${part.readUpTo}`);
      if (part.readUpTo > truth.messages.length)
        violated('I-5', `${chat}: ${part.user} has read ${part.readUpTo} of ${truth.messages.length}`);
      for (const { seq } of was && part.readUpTo < truth.messages.length ? truth.messages.slice(part.readUpTo) : [])
        if (has(was!.cleared, seq) && !has(part.cleared, seq)) violated('I-2', `${chat}: ${part.user} cleared ${seq}, and it counts again`);
      for (const { seq } of was && part.markCount === was.markCount && part.from !== null ? truth.messages : [])
        if (has(was!.clearedSince, seq) && !has(part.clearedSince, seq))
          violated('I-2', `${chat}: ${part.user} cleared ${seq} under the mark, and it counts again`);
      if ([...part.cleared, ...part.clearedSince].some(([, upTo]) => upTo > truth.messages.length))
        violated('I-5', `${chat}: ${part.user} cleared ${JSON.stringify(part.cleared)} of ${truth.messages.length}`);
      if (truth.isGroup && part.delivered.length + part.read.length > 0)
        violated('I-7', `${chat}: a group has delivery or conversation receipts`);
      for (const { seq, senderId, asked } of truth.messages) {
        // No later receipt of any device names messages read while receipts were switched off.
        const toldOf = (one: Truth, { user, read, named }: Part): boolean =>
          one.isGroup ? one.receipts.get(seq)?.readers.includes(user) === true : has(read, seq) || (asked && has(named, seq));
        if (old && was && senderId !== part.user && has(was.untold, seq) && toldOf(truth, part) && !toldOf(old, was))
          violated('I-6', `${chat}: ${part.user} read ${seq} while receipts were off, and a receipt names it`);
        // Own messages in between are covered too, and in groups all messages without a receipt request, so
        // that the set stays one range. These messages have no receipt.
        if (!truth.isGroup && senderId !== part.user && has(part.named, seq) && !asked)
          violated('I-6', `${chat}: ${part.user} confirmed ${seq}, which requests no receipt`);
      }
    }
    for (const [seq, { readers, memberCount, lastAt }] of truth.receipts) {
      if (new Set(readers).size !== readers.length || readers.length > memberCount)
        violated('I-11', `${chat}: ${seq} was read by ${readers.join()} of ${memberCount}`);
      const message = truth.messages[seq - 1];
      if (message && lastAt > message.sentAt + RECEIPT_WINDOW_MS) violated('I-9', `${chat}: ${seq} was read after its time`);
      const counted = [...truth.parts.values()].filter(({ user, present }) => user !== message?.senderId && has(present, seq)).length;
      if (message && memberCount !== counted) violated('I-11', `${chat}: ${seq} counts ${memberCount} readers, ${counted} were there`);
      if (message && readers.includes(message.senderId)) violated('I-5', `${chat}: ${seq} was read by its sender`);
      for (const reader of readers)
        if (!has(truth.parts.get(reader)?.present ?? [], seq)) violated('I-25', `${chat}: ${reader} read ${seq} and was no member then`);
      if ((old?.receipts.get(seq)?.readers.length ?? 0) > readers.length) violated('I-11', `${chat}: fewer have read ${seq} than before`);
    }
  }
};
