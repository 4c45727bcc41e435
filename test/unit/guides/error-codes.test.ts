/** The page about error codes against the docstrings of the codes. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { errorCodesPage, errorFamilies } from '../../support/error-codes-page.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

it('the page about error codes has every code with its meaning and what to do; `vitest -u` rewrites the page', async () => {
  await expect(errorCodesPage(ROOT)).toMatchFileSnapshot(`${ROOT}demo/guides/error-codes.md`);
});

it('every family of codes is on the page', () => {
  expect(errorFamilies(ROOT).map(({ errorClass, codes }) => [errorClass, codes.length])).toEqual([
    ['UsageError', 6],
    ['StoreError', 5],
    ['WorkerError', 2],
    ['TransportError', 3],
    ['AuthError', 5],
    ['ProtocolError', 2],
    ['RejectedError', 9],
  ]);
});
