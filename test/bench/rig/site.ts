/** The page of the bench, built and served, and the calls of the page to this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';
import { builtPackage } from '../../support/built-package.ts';

const PAGE = fileURLToPath(new URL('../page/', import.meta.url));
/** A page alone in its process may measure its memory. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Answers a call of the page, such as `meter/begin`. */
export type Answer = (path: string, body: unknown) => Promise<unknown>;

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
};

export const serveSite = async (answer: Answer): Promise<Site> => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-site-'));
  const shared = { root: PAGE, configFile: false, logLevel: 'error', worker: { format: 'es' } } as const;
  await build({ ...shared, resolve: { alias: builtPackage }, build: { outDir: folder, emptyOutDir: true, target: 'es2022' } });
  const server = await preview({
    ...shared,
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, headers: ISOLATED },
    plugins: [
      {
        name: 'bench',
        configurePreviewServer: ({ middlewares }) => {
          middlewares.use('/bench', (request, response) => {
            void bodyOf(request)
              .then((body) => answer((request.url ?? '').slice(1), body))
              .then(
                (value) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value ?? null)),
                (error: unknown) => {
                  response.statusCode = 500;
                  response.end(String(error));
                },
              );
          });
        },
      },
    ],
  });
  return {
    url: server.resolvedUrls!.local[0]!,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
