/** Messages read by a user on a device with read receipts surely off: from then on no device may tell the sender. */
import type { Truth } from './truths.ts';
import type { Home } from './simulation.ts';

const has = (ranges: readonly (readonly [number, number])[], seq: number): boolean =>
  ranges.some(([from, upTo]) => seq >= from && seq <= upTo);

export class Silence {
  private readonly seqs = new Map<string, Set<number>>();

  /** Compares the server's tables of two moments. */
  judge(
    now: ReadonlyMap<string, Truth>,
    before: ReadonlyMap<string, Truth>,
    homes: readonly Home[],
    violated: (why: string) => void,
  ): void {
    for (const [chat, truth] of now) {
      if (truth === before.get(chat)) continue;
      for (const part of truth.parts.values()) {
        const { user, readUpTo, readBy } = part;
        const was = before.get(chat)?.parts.get(user);
        if (!was) continue;
        const key = `${chat} ${user}`;
        for (const seq of this.seqs.get(key) ?? []) {
          const { asked, senderId } = truth.messages[seq - 1]!;
          const isToldBy = ({ read, named }: typeof part): boolean => has(read, seq) || (asked && has(named, seq));
          if (!truth.isGroup && senderId !== user && isToldBy(part) && !isToldBy(was))
            violated(`${chat}: ${user} read ${seq} on a device without receipts, and a later receipt names it`);
        }
        if (readUpTo <= was.readUpTo) continue;
        const offSince = homes.find(({ device }) => device.userId === user && device.deviceId === readBy)?.offSince;
        if (!offSince) continue;
        const seqs = this.seqs.get(key) ?? new Set<number>();
        this.seqs.set(key, seqs);
        for (let seq = Math.max(was.readUpTo, offSince.get(chat) ?? 0) + 1; seq <= readUpTo; seq++) seqs.add(seq);
      }
    }
  }

  /** The server lost a part of its history: seqs may name other messages. */
  forget(): void {
    this.seqs.clear();
  }
}
