/** The script of a second tab: a realm with clients of its own. The tab ends when its frame is removed, without an event. */
import { createReceiptClient } from '../../src/index.ts';

export interface TabWindow extends Window {
  readonly createReceiptClient: typeof createReceiptClient;
}

Object.assign(window, { createReceiptClient });
