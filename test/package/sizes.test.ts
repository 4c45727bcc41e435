/** The sizes of the package in an app. Every start of an app loads, checks and parses these bytes. */
import { expect, it } from 'vitest';
import { bundleSize, facadeSizes, outboxSize } from '../bench/bundle-size.ts';

const KB = 1000;
const FACADES = ['easemob', 'easemob-flutter', 'zim', 'tencent'];

it('the page’s part is at most 17 kB with gzip, and the worker at most 66 kB, or 58 kB with Brotli', async () => {
  const { page, worker } = await bundleSize();
  expect(page.gzip).toBeLessThanOrEqual(17 * KB);
  expect(worker.gzip).toBeLessThanOrEqual(66 * KB);
  expect(worker.brotli).toBeLessThanOrEqual(58 * KB);
});

it('each facade adds at most 6 kB to a page with gzip', async () => {
  for (const [name, bytes] of await facadeSizes(FACADES)) expect(bytes, name).toBeLessThanOrEqual(6 * KB);
});

it('the outbox with an adapter and all that both need is at most 8 kB with Brotli, RxJS included', async () => {
  for (const adapter of ['easemob', 'stream-chat', 'tencent', 'zim', 'matrix']) {
    const { brotli } = await outboxSize(adapter);
    expect(brotli, adapter).toBeLessThanOrEqual(8 * KB);
  }
});
