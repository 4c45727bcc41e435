/**
 * Checks the server's libraries. They are optional peers: an app with only the client does not install them.
 */
import { loadPromClient } from './metrics-door.ts';

const PROM_CLIENT = { 'prom-client': loadPromClient };

const NEEDED: Readonly<Record<string, () => Promise<unknown>>> = {
  ws: () => import('ws'),
  jose: () => import('jose'),
  '@electric-sql/pglite': () => import('@electric-sql/pglite'),
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

/** The packages that a server needs. @param withMetrics the server has an endpoint of metrics. */
export const neededPackages = (withMetrics: boolean): typeof NEEDED => (withMetrics ? { ...NEEDED, ...PROM_CLIENT } : NEEDED);

/** The names of the packages not installed. */
export const missingPackages = async (needed: typeof NEEDED): Promise<readonly string[]> => {
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
