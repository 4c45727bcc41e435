/**
 * Checks the server's libraries. They are optional peers: an app with only the client does not install them.
 */
import { loadPromClient } from './metrics-door.ts';
import type { ServeOptions } from './options.ts';

type Packages = Readonly<Record<string, () => Promise<unknown>>>;

const ALWAYS: Packages = { ws: () => import('ws'), jose: () => import('jose') };
const PGLITE: Packages = { '@electric-sql/pglite': () => import('@electric-sql/pglite') };
const POSTGRES: Packages = { pg: () => import('pg') };
const NATS: Packages = { '@nats-io/transport-node': () => import('@nats-io/transport-node') };
const METRICS: Packages = { 'prom-client': loadPromClient };

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

/** The packages that a server with these options needs. */
export const neededPackages = ({ postgres, bus, metrics }: Pick<ServeOptions, 'postgres' | 'bus' | 'metrics'>): Packages => ({
  ...ALWAYS,
  ...(postgres === undefined ? PGLITE : POSTGRES),
  ...(bus === 'postgres' ? {} : NATS),
  ...(metrics ? METRICS : {}),
});

/** The names of the packages not installed. */
export const missingPackages = async (needed: Packages): Promise<readonly string[]> => {
  const missing: string[] = [];
  for (const [name, load] of Object.entries(needed)) {
    try {
      await load();
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing.push(name);
    }
  }
  return missing;
};
