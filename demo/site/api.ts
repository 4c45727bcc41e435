/** The pages about the entry points, made by TypeDoc from the docstrings. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { entryPoints } from '../../test/support/public-surface.ts';
import { ROOT } from './gather.ts';

/** Entry points whose page would say nothing: a script without exports. */
const WITHOUT_PAGE = new Set(['./worker.js']);

const entryName = (key: string): string => `tidemark${key.slice(1)}`;
const pageName = (entry: string): string => `api/${entry.replaceAll('/', '-')}`;

/** Writes a page for each entry point into the folder `api`. @returns the names of the pages, by the entry point. */
export const writeApiPages = async (folder: string): Promise<Map<string, string>> => {
  const sources = new Map([...entryPoints(ROOT)].filter(([key]) => !WITHOUT_PAGE.has(key)));
  const options: TypeDocOptions & PluginOptions = {
    entryPoints: [...sources.values()].map((source) => join(ROOT, source)),
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    skipErrorChecking: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    excludeExternals: true,
    disableGit: true,
    sourceLinkTemplate: '{path}',
    logLevel: 'Error',
    router: 'module',
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    propertyMembersFormat: 'table',
    groupOrder: ['Functions', 'Interfaces', 'Type Aliases', 'Variables', 'Classes'],
    sanitizeComments: true,
  };
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (!project) throw new Error('TypeDoc could not read the sources');
  const pages = new Map<string, string>();
  const bySource = new Map([...sources].map(([key, source]) => [source, entryName(key)]));
  for (const module of project.children ?? []) {
    const source = module.sources?.[0]?.fullFileName ?? '';
    const entry = [...bySource].find(([path]) => source.endsWith(`/${path}`))?.[1];
    if (entry === undefined) throw new Error(`TypeDoc made a module of ${source}, which is no entry point`);
    module.name = entry.replaceAll('/', '-');
    pages.set(entry, pageName(entry));
  }
  // The address of the repository is not known, so the pages link to no source.
  app.options.setValue('disableSources', true);
  const out = join(folder, 'api');
  await rm(out, { recursive: true, force: true });
  app.options.setValue('outputs', [{ name: 'markdown', path: out }]);
  await app.generateOutputs(project);
  await rm(join(out, 'index.md'), { force: true });
  for (const file of await readdir(out)) {
    const entry = [...pages].find(([, name]) => name === `api/${file.replace(/\.md$/, '')}`)?.[0];
    if (entry === undefined) continue;
    const text = await readFile(join(out, file), 'utf8');
    await writeFile(join(out, file), text.replace(/^# .*$/m, `# ${entry}`));
  }
  return pages;
};
