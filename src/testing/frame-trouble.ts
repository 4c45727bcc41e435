/** The trouble that a test gives to a single frame. */

/**
 * `lost`: the frame never arrives · `twice`: the frame arrives twice · `cut`: the frame arrives, and its connection breaks right after it ·
 * `lost-and-cut`: the frame never arrives, and its connection breaks.
 */
export type FrameTrouble = 'lost' | 'twice' | 'cut' | 'lost-and-cut';

export const isLost = (trouble: FrameTrouble | null): boolean => trouble === 'lost' || trouble === 'lost-and-cut';

export const breaksConnection = (trouble: FrameTrouble | null): boolean => trouble === 'cut' || trouble === 'lost-and-cut';
