/** The error of a client after its `close()`. */
import { UsageError } from '../errors.ts';

/** React causes most calls on a closed client: in development it runs the clean-up of each effect, and then the effect again. */
export const closedByApp = (): UsageError =>
  new UsageError(
    'usage/closed',
    'this client was closed by close(), and a closed client does not open again: create another one. In React, ' +
      'use the provider of tidemark/react, or create the client inside the effect that closes it, and keep it in state',
  );
