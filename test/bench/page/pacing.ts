/** Messages at a fixed rate, whether the receiver keeps up or not: so a slow receiver's queue counts as its latency. */
const TICK_MS = 4;

const epochMs = (): number => performance.timeOrigin + performance.now();

/** @param deliver gets all messages due by now. @returns the time of the first message, epoch ms. */
export const paced = async (perSecond: number, seconds: number, deliver: (count: number) => Promise<unknown>): Promise<number> => {
  const all = perSecond * seconds;
  const began = epochMs();
  for (let delivered = 0; delivered < all;) {
    const due = Math.min(all, Math.floor(((epochMs() - began) / 1000) * perSecond)) - delivered;
    if (due > 0) {
      delivered += due;
      await deliver(due);
    } else await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  return began;
};
