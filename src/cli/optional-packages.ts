/**
 * Checks the server's libraries. They are optional peers: an app with only the client does not install them.
 */

const NEEDED: Readonly<Record<string, () => Promise<unknown>>> = {
  ws: () => import('ws'),
  jose: () => import('jose'),
  '@electric-sql/pglite': () => import('@electric-sql/pglite'),
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

/** The names of the packages not installed. */
export const missingPackages = async (needed: Readonly<Record<string, () => Promise<unknown>>> = NEEDED): Promise<readonly string[]> => {
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
