/** The error of a client after its `close()`. */
import { UsageError } from '../errors.ts';

/** React causes most calls on a closed client: in development it runs the clean-up of each effect, and then the effect again. */
export const closedByApp = (): UsageError =>
  new UsageError(
    'usage/closed',
    'this client was closed by close(): create another one. In React, ' +
      'use the provider of tidemark/react, or create the client in the effect that closes it',
  );
