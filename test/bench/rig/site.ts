/** The page of the bench, built and served, and the calls of the page to this process. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Manifest, preview } from 'vite';
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

/**
 * The page with links to the scripts of its contestant and its workload, as a build writes them into the page of an app. Without them, a
 * contestant on the page would pay for a request that no built app makes.
 */
const pageOf = async (folder: string, query: URLSearchParams): Promise<string> => {
  const [html, manifest] = await Promise.all([
    readFile(join(folder, 'index.html'), 'utf8'),
    readFile(join(folder, '.vite/manifest.json'), 'utf8').then((text) => JSON.parse(text) as Manifest),
  ]);
  const wanted = [
    `../contestants/${query.get('contestant')}.ts`,
    ...Object.keys(manifest).filter((key) => key.includes(`/workloads/${query.get('workload')?.toLowerCase()}-`)),
  ];
  const files = new Set<string>();
  const add = (key: string): void => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    chunk.imports?.forEach(add);
  };
  wanted.forEach(add);
  return html.replace('</title>', `</title>${[...files].map((file) => `<link rel="modulepreload" crossorigin href="/${file}">`).join('')}`);
};

export const serveSite = async (answer: Answer): Promise<Site> => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-site-'));
  const shared = { root: PAGE, configFile: false, logLevel: 'error', worker: { format: 'es' } } as const;
  await build({
    ...shared,
    resolve: { alias: builtPackage },
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', manifest: true },
  });
  const server = await preview({
    ...shared,
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, headers: ISOLATED },
    plugins: [
      {
        name: 'bench',
        configurePreviewServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => {
            const { pathname, searchParams } = new URL(request.url ?? '/', 'http://bench');
            if (pathname !== '/') return next();
            for (const [name, value] of Object.entries(ISOLATED)) response.setHeader(name, value);
            void pageOf(folder, searchParams).then((html) => response.setHeader('Content-Type', 'text/html').end(html), next);
          });
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
