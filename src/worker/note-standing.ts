/** Keeps the note outside of IndexedDB true while an engine runs: what it would take to notice the store's loss. */
import type { Engine, Standing } from '../engine/engine.ts';
import type { Cancel, ClockPort } from '../ports/ports.ts';
import type { NoteKeeper } from '../store/loss-marker.ts';

/** What is owed for a moment only is not noted: most receipts are at the server before. */
const NOTE_AFTER_MS = 1000;

/** @returns how to stop; what was not noted by then is not. */
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
    // Gone with a log-out, or another store's by now: whoever missed that does not bring it back.
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
