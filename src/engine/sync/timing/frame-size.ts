/** The size of a submit frame: as many bytes as the line carries in a few seconds, to repeat a lost frame soon (F55, F58). */
import { MAX_CLIENT_FRAME_BYTES } from '../../../protocol/limits.ts';

const START_BYTES = 16 * 1024;
const MIN_BYTES = 2 * 1024;
const GOAL_MS = 4_000;

const within = (bytes: number): number => Math.floor(Math.min(MAX_CLIENT_FRAME_BYTES, Math.max(MIN_BYTES, bytes)));

export class FrameSize {
  /** Size of the next frame. A frame with a single entry may be longer. */
  bytes = START_BYTES;

  answered(bytes: number, ms: number): void {
    if (ms > GOAL_MS) this.bytes = within((bytes * GOAL_MS) / ms);
    // A small frame says little about the line: only a frame that used half of its size makes the next frame larger.
    else if (ms < GOAL_MS / 2 && bytes > this.bytes / 2) this.bytes = within(this.bytes * 2);
  }

  lost(): void {
    this.bytes = within(this.bytes / 4);
  }
}
