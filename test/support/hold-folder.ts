/** A process takes the lock of a folder, reports the lock, and keeps the lock until the kill. For `run-main.mjs`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFolder } from '../../src/server/store/sql/folder/folder-lock.ts';

export const main = async ([folder = '']: readonly string[]): Promise<number> => {
  try {
    const lock = await lockFolder(folder);
    console.log('held');
    await sleep(120_000);
    return lock.isLost ? 1 : 0;
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    return 1;
  }
};
