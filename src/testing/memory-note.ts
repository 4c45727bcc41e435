/** The note about a device's store, in memory. See `store/loss-marker.ts`. */
import type { NoteKeeper, OutsideNote } from '../store/loss-marker.ts';

export class MemoryNote implements NoteKeeper {
  private noted: OutsideNote | undefined;
  private readonly ended = new Set<string>();

  async read(): Promise<OutsideNote | undefined> {
    return this.noted;
  }

  async write(note: OutsideNote): Promise<void> {
    this.noted = note;
  }

  async end(generations: readonly string[]): Promise<void> {
    for (const one of [...(this.noted ? [this.noted.generation, ...this.noted.lost] : []), ...generations]) this.ended.add(one);
    this.noted = undefined;
  }

  async takeBack(generations: readonly string[]): Promise<void> {
    for (const one of generations) this.ended.delete(one);
  }

  async isEnded(generation: string): Promise<boolean> {
    return this.ended.has(generation);
  }
}
