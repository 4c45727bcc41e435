/**
 * The version of the wire. A change raises the version if an older peer would not understand or would misread
 * the new wire.
 *
 * - 1: first version.
 */
export const PROTOCOL_VERSION = 1;
