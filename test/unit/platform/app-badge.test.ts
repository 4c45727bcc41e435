import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimBadge, releaseBadge, showOnBadge } from '../../../src/platform/app-badge.ts';

describe('the badge of the app icon', () => {
  let shown: number[];

  beforeEach(() => {
    shown = [];
    vi.stubGlobal('indexedDB', new IDBFactory());
    vi.stubGlobal('navigator', {
      setAppBadge: async (total: number) => void shown.push(total),
      clearAppBadge: async () => void shown.push(0),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('the badge shows the total of the account that turned it on last, and of no other', async () => {
    await showOnBadge('alice', 1);
    await claimBadge('alice');
    await showOnBadge('alice', 2);
    await claimBadge('bob');
    await showOnBadge('alice', 3);
    await showOnBadge('bob', 4);
    await releaseBadge('alice');
    expect(shown).toEqual([2, 4]);
  });

  it('the badge is cleared when its account releases it, and shows a total again only when an account claims it', async () => {
    await claimBadge('alice');
    await showOnBadge('alice', 2);
    await releaseBadge('alice');
    await showOnBadge('alice', 3);
    await claimBadge('alice');
    await showOnBadge('alice', 4);
    expect(shown).toEqual([2, 0, 4]);
  });

  it('the badge makes no database for an app that never turned it on', async () => {
    await showOnBadge('alice', 1);
    await releaseBadge('alice');
    expect(await indexedDB.databases()).toEqual([]);
  });

  it('without a badge, with a refused badge or with refused storage, nothing happens', async () => {
    vi.stubGlobal('navigator', {});
    await claimBadge('alice');
    await showOnBadge('alice', 1);
    await releaseBadge('alice');
    expect(await indexedDB.databases()).toEqual([]);
    vi.stubGlobal('navigator', { setAppBadge: () => Promise.reject(new Error('not installed')), clearAppBadge: () => Promise.resolve() });
    await claimBadge('alice');
    await showOnBadge('alice', 1);
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('no', 'SecurityError');
      },
    });
    await claimBadge('alice');
    await showOnBadge('alice', 1);
    await releaseBadge('alice');
    expect(shown).toEqual([]);
  });
});
