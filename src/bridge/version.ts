/**
 * The release of this package. Page and worker are two files, and a cache may keep an old copy of one. Different
 * releases do not talk.
 */
import { ProtocolError } from '../errors.ts';

export const versionsDiffer = (page: string, worker: string): ProtocolError =>
  new ProtocolError(
    'protocol/version-unsupported',
    `the page runs tidemark ${page}, but its worker runs tidemark ${worker}: reload the page, and publish both files together`,
  );
