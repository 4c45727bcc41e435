/**
 * The sizes of the package in an app. Every start of an app loads, checks and parses these bytes. The library adds less
 * than 12 kB to the page. Vite adds its own loader to every app that loads a script later. The other limits lie just above what is there.
 * Comlink, and what runs one worker after another, load beside the worker.
 */
import { expect, it } from 'vitest';
import { bundleSize, facadeSizes, outboxSize } from '../bench/bundle-size.ts';

const KB = 1000;
/** The vendor's names alone are a third of a large facade. */
const FACADES = { easemob: 4.5, 'easemob-flutter': 3.9, zim: 5, tencent: 5.5 };

it('with gzip, the library adds at most 12 kB to a page before its first paint and 5.5 kB beside its worker; the worker has at most 66.4 kB, or 58.1 kB with Brotli', async () => {
  const { page, own, beside, worker } = await bundleSize();
  expect(own).toBeLessThanOrEqual(12 * KB);
  expect(page.gzip).toBeLessThanOrEqual(12.6 * KB);
  expect(beside).toBeLessThanOrEqual(5.5 * KB);
  expect(worker.gzip).toBeLessThanOrEqual(66.4 * KB);
  expect(worker.brotli).toBeLessThanOrEqual(58.1 * KB);
});

it('each facade adds at most its share to a page with gzip', async () => {
  const sizes = await facadeSizes(Object.keys(FACADES));
  for (const [name, limit] of Object.entries(FACADES)) expect(sizes.get(name), name).toBeLessThanOrEqual(limit * KB);
});

it('the outbox with an adapter and all that both need is at most 8 kB with Brotli, RxJS included', async () => {
  for (const adapter of ['easemob', 'stream-chat', 'tencent', 'zim', 'matrix']) {
    const { brotli } = await outboxSize(adapter);
    expect(brotli, adapter).toBeLessThanOrEqual(8 * KB);
  }
});
