/** Serves a built app beside the server, so that both share one origin. */
import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { extname, join, resolve, sep } from 'node:path';
import { createGzip } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Types that compression makes smaller; pictures and fonts are compressed already. */
const COMPRESSIBLE = /^text\/|json$|svg\+xml$|wasm$/;
const WORTH_COMPRESSING_BYTES = 1024;

const pathIn = (url: string): string | undefined => {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '/');
    return path.startsWith('/') && !path.includes('\u0000') ? path : undefined;
  } catch {
    return undefined;
  }
};

const fileAt = async (file: string): Promise<Stats | undefined> => {
  try {
    const stats = await stat(file);
    return stats.isFile() ? stats : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Serves the files of the folder, of a folder inside its `index.html`. Another path without an extension gets the outer `index.html`,
 * so that the app routes the path.
 */
export const createStaticDoor = (folder: string) => {
  const root = resolve(folder);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathIn(request.url ?? '/');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || path === undefined) {
      response.writeHead(isRead ? 400 : 405).end();
      return;
    }
    let file = resolve(join(root, path));
    const inside = file === root || file.startsWith(root + sep);
    let stats = inside ? await fileAt(file) : undefined;
    if (!stats && inside && file !== root && (await fileAt(join(file, 'index.html')))) {
      if (!path.endsWith('/')) {
        response.writeHead(302, { Location: `${encodeURI(path)}/` }).end();
        return;
      }
      file = join(file, 'index.html');
      stats = await fileAt(file);
    }
    if (!stats && inside && extname(path) === '') {
      file = join(root, 'index.html');
      stats = await fileAt(file);
    }
    if (!stats) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found\n');
      return;
    }
    const type = TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
    const etag = `W/"${stats.size}-${stats.mtimeMs}"`;
    const headers = {
      // Built assets carry a hash in their names. Browsers must ask again for every other file, above all the
      // service worker.
      'Cache-Control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: etag,
      Vary: 'Accept-Encoding',
      'X-Content-Type-Options': 'nosniff',
      'Service-Worker-Allowed': '/',
    };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    const isCompressed =
      stats.size >= WORTH_COMPRESSING_BYTES &&
      COMPRESSIBLE.test(type.split(';', 1)[0]!) &&
      /\bgzip\b/.test(String(request.headers['accept-encoding']));
    const length = isCompressed ? { 'Content-Encoding': 'gzip' } : { 'Content-Length': stats.size };
    response.writeHead(200, { ...headers, ...length, 'Content-Type': type });
    // `pipeline` also closes the file if the client disconnects early.
    if (request.method === 'HEAD') response.end();
    else await pipeline([createReadStream(file), ...(isCompressed ? [createGzip()] : []), response]).catch(() => response.destroy());
  };
};
