/** How much goes into one frame: what the line carries in a few seconds, so that what was lost on the way is soon said again (F55, F58). */
const START_BYTES = 16 * 1024;
const MIN_BYTES = 2 * 1024;
const MAX_BYTES = 64 * 1024;
const GOAL_MS = 4_000;

const within = (bytes: number): number => Math.floor(Math.min(MAX_BYTES, Math.max(MIN_BYTES, bytes)));

export class FrameSize {
  /** Of the next frame; a single entry may be longer. */
  bytes = START_BYTES;

  answered(bytes: number, ms: number): void {
    if (ms > GOAL_MS) this.bytes = within((bytes * GOAL_MS) / ms);
    // Only a frame that filled its room says that there is more.
    else if (ms < GOAL_MS / 2 && bytes > this.bytes / 2) this.bytes = within(this.bytes * 2);
  }

  lost(): void {
    this.bytes = within(this.bytes / 4);
  }
}
