/** Which release this is. Page and worker are two files, and a cache may keep one of them: two releases do not speak to each other. */
import { ProtocolError } from '../errors.ts';

/** The package's: a test holds the two equal. */
export const VERSION = '0.1.0';

export const versionsDiffer = (page: string, worker: string): ProtocolError =>
  new ProtocolError(
    'protocol/version-unsupported',
    `this page runs tidemark ${page} and its worker ${worker}: reload the page, and publish both files together; no cache may keep one without the other`,
  );
