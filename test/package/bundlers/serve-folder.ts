/** A web server for the files of a folder. */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

export interface Served {
  readonly address: string;
  close(): void;
}

/** @param answer may set headers or answer itself, and then returns true. */
export const serveFolder = async (
  folder: string,
  answer: (path: string, response: ServerResponse) => boolean = () => false,
): Promise<Served> => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (answer(pathname, response)) return;
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    readFile(join(folder, path)).then(
      (content) => response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream').end(content),
      () => response.writeHead(404).end('not found'),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
