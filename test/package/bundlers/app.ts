/** An app of a bundler's test: as few files as the bundler's own introduction asks for, and nothing about a worker. */
import type { Page } from 'playwright';

export interface App {
  /** The row of versions.json for the app; default: the app's own name. */
  readonly packages?: string;
  /** Files by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The build command of the app, run in its folder. */
  readonly build?: readonly string[];
  /** The folder served by a web server after the build. */
  readonly served?: string;
  /** The command of the app's own server; `PORT` stands for the port. */
  readonly serve?: readonly string[];
  /** `tidemark serve` serves the folder, with a receipt server. */
  readonly withReceipts?: boolean;
  /** What a user does on the page. */
  readonly use?: (page: Page) => Promise<void>;
  /** The path of the page, for apps below the root of their origin. */
  readonly page?: string;
}

export type Apps = Readonly<Record<string, App>>;

/** Shows a resolved promise and an emitted value of a stream. No server is needed, because everything here works offline. */
export const MAIN = `
import { createReceiptClient } from 'tidemark';
const told = (globalThis.told = []);
const client = createReceiptClient({
  url: 'ws://127.0.0.1:9/receipts',
  userId: 'alice',
  getToken: async () => 'none',
});
client.watchMessages('direct:bob', { limit: 10 }).subscribe((messages) => {
  for (const { body } of messages) told.push('stream: ' + JSON.stringify(body));
});
client.sendMessage('direct:bob', { text: 'ahoy' }).then(
  () => told.push('sent'),
  (error) => told.push(error.code + ': ' + error.message),
);
`;

export const html = (script: string): string => `<!doctype html><meta charset="utf-8"><title>app</title>${script}`;
