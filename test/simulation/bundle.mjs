// Bundles the simulator into a single script, which runs several times as fast as the files one by one. The drill
// plants its bugs here. run.mjs and drill.mjs call this file.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'node_modules/.cache/tidemark-simulation');

/**
 * @param name of the script
 * @param replacements texts to replace in files, each of which must be there exactly once
 * @param main the file to bundle
 * @returns the path of the script
 */
export const bundle = async (name = 'simulate', replacements = [], main = 'test/simulation/main.ts') => {
  await mkdir(folder, { recursive: true });
  const missed = new Set(replacements);
  const build = await rolldown({
    input: join(root, main),
    platform: 'node',
    cwd: root,
    external: [/^node:/, /^fake-indexeddb/, /^dexie$/],
    logLevel: 'silent',
    plugins: [
      {
        name: 'replace',
        transform(code, id) {
          for (const replacement of replacements) {
            if (!id.endsWith(`/${replacement.file}`)) continue;
            if (code.split(replacement.from).length !== 2) throw new Error(`not exactly once in ${replacement.file}: ${replacement.from}`);
            code = code.replace(replacement.from, () => replacement.to);
            missed.delete(replacement);
          }
          return code;
        },
      },
    ],
  });
  const file = join(folder, `${name}.mjs`);
  await build.write({ file, format: 'esm', sourcemap: true, codeSplitting: false });
  await build.close();
  if (missed.size > 0) throw new Error(`no such file: ${[...missed].map(({ file: path }) => path).join(', ')}`);
  return file;
};
