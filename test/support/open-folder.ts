/** A process that opens the embedded store in a folder, and reports the opening. For `run-main.mjs`. */
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';

export const main = async ([folder = '']: readonly string[]): Promise<number> => {
  const store = await openPgliteStore(folder);
  console.log('open');
  await store.close();
  return 0;
};
