/**
 * Keeps the note outside of IndexedDB current while an engine runs. A later start reads the note to detect the loss of
 * the store.
 */
import type { Standing } from '../engine/account/standing.ts';
import type { Engine } from '../engine/engine.ts';
import type { Cancel, ClockPort } from '../ports/ports.ts';
import type { NoteKeeper } from '../store/loss-marker.ts';

/** Delay before a change is noted: most pending receipts reach the server sooner, and are never noted. */
const NOTE_AFTER_MS = 1000;

/** @returns a function to stop. Waiting changes are then dropped. */
export const noteStanding = (note: NoteKeeper, clock: ClockPort, engine: Engine, lost: readonly string[]): Cancel => {
  let latest: Standing | null = null;
  let waiting: Cancel | null = null;
  let written = '';
  const { generation } = engine;
  const write = (): void => {
    waiting = null;
    const text = JSON.stringify(latest);
    if (!latest || text === written) return;
    written = text;
    void note.write({ generation, lost, ...latest });
  };
  const update = async (): Promise<void> => {
    waiting = null;
    const noted = await note.read();
    // A log-out may have removed the note, or another store replaced it. This tab must not write its own note again
    // then.
    if (noted ? noted.generation === generation : (await note.isEnded(generation)) === false) write();
  };
  const stop = engine.watchStanding((standing) => {
    const isFirst = latest === null;
    latest = standing;
    if (isFirst) write();
    else waiting ??= clock.timer(NOTE_AFTER_MS, () => void update());
  });
  return () => {
    stop();
    waiting?.();
  };
};
