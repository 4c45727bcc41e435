/** The trouble that a test gives to a single frame. */
import type { ServerFrame } from '../protocol/frames.ts';

/**
 * `lost`: the frame never arrives · `twice`: the frame arrives twice · `cut`: the frame arrives, and its connection
 * breaks right after it · `lost-and-cut`: the frame never arrives, and its connection breaks · `{ holdMs }`: the frame
 * arrives so much later, and later frames may arrive before it · `{ answer }`: the frame never arrives at the server,
 * and the device gets these frames instead. `holdMs` delays the frame; `answer` keeps it from the server and gives the
 * device these frames.
 */
export type FrameTrouble =
  'lost' | 'twice' | 'cut' | 'lost-and-cut' | { readonly holdMs: number } | { readonly answer: readonly ServerFrame[] };

export const answerOf = (trouble: FrameTrouble | null): readonly ServerFrame[] | null =>
  typeof trouble === 'object' && trouble !== null && 'answer' in trouble ? trouble.answer : null;

export const holdOf = (trouble: FrameTrouble | null): number =>
  typeof trouble === 'object' && trouble !== null && 'holdMs' in trouble ? trouble.holdMs : 0;

export const isLost = (trouble: FrameTrouble | null): boolean => trouble === 'lost' || trouble === 'lost-and-cut';

export const breaksConnection = (trouble: FrameTrouble | null): boolean => trouble === 'cut' || trouble === 'lost-and-cut';
