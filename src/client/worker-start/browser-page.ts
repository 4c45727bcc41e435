/** Refuses to create a client without a browser page: on a rendering server, in a test without DOM, in a worker. */
import { UsageError } from '../../errors.ts';

const PAGE = ['document', 'navigator', 'MessageChannel', 'crypto'] as const;

/**
 * @param makesWorkers true if the app starts the worker itself.
 * @throws {UsageError} `usage/invalid-option` with the names of the missing globals.
 */
export const requirePage = (makesWorkers: boolean): void => {
  const missing = [...PAGE, ...(makesWorkers ? [] : ['Worker'])].filter((name) => !(name in globalThis));
  if (missing.length > 0)
    throw new UsageError(
      'usage/invalid-option',
      `createReceiptClient needs a page in a browser; missing here: ${missing.join(', ')}. ` +
        'The module may be imported anywhere. Where pages are rendered on a server, create the client in the browser only, ' +
        'for example in an effect',
    );
};
