/** What a second tab runs: a realm of its own, with clients of its own. It goes when its frame is removed, without a goodbye. */
import { createReceiptClient } from '../../src/index.ts';

export interface TabWindow extends Window {
  readonly createReceiptClient: typeof createReceiptClient;
}

Object.assign(window, { createReceiptClient });
