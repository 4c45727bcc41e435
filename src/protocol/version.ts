/**
 * Raised by every change of the wire that an older peer would not understand or would misread.
 *
 * - 1: first version.
 */
export const PROTOCOL_VERSION = 1;
