/** The public names and types of the package. A change of them is seen in the diff of the file beside this test. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { publicNames } from '../../support/public-names.ts';

it('the public names, and the members of the public types, are those of public-names.txt; `vitest -u` rewrites the file', async () => {
  await expect(publicNames(fileURLToPath(new URL('../../../', import.meta.url)))).toMatchFileSnapshot('public-names.txt');
}, 180_000);
