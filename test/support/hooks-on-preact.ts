/** Gives browser tests the hooks for React a second time, on Preact: `react.ts?preact`. Apps do the same with an alias of `react`. */
import type { Plugin } from 'vite';

const QUERY = '?preact';

export const hooksOnPreact = (): Plugin => ({
  name: 'hooks-on-preact',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (source.endsWith(QUERY)) {
      const found = await this.resolve(source.slice(0, -QUERY.length), importer, { skipSelf: true });
      return found && found.id + QUERY;
    }
    if (!importer?.endsWith(QUERY)) return null;
    if (source === 'react') return this.resolve('preact/compat', importer, { skipSelf: true });
    const found = await this.resolve(source, importer.slice(0, -QUERY.length), { skipSelf: true });
    return found?.id.includes('/src/react/') ? found.id + QUERY : found;
  },
});
