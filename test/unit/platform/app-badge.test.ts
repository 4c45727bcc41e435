import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noTotals, type Totals } from '../../../src/model/conversation/total.ts';
import { claimBadge, releaseBadge, showOnBadge } from '../../../src/platform/app-badge.ts';

const totals = (messages: number, mentions = 0): Totals => ({
  ...noTotals(),
  messages: { direct: messages, group: 0 },
  mentions: { direct: 0, group: mentions },
});

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

  it('the badge shows the total of the account that last turned the badge on, and of no other', async () => {
    await showOnBadge('alice', totals(1));
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(2));
    await claimBadge('bob', 'messages');
    await showOnBadge('alice', totals(3));
    await showOnBadge('bob', totals(4));
    await releaseBadge('alice');
    expect(shown).toEqual([2, 4]);
  });

  it('the badge shows the count of its owner, also for a page or service worker without knowledge of the owner', async () => {
    await claimBadge('alice', 'mentions');
    await showOnBadge('alice', totals(7, 2));
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(7, 2));
    await showOnBadge('alice', null);
    expect(shown).toEqual([2, 7, 0]);
  });

  it('the badge is cleared when its account releases it, and shows a total again only after another claim', async () => {
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(2));
    await releaseBadge('alice');
    await showOnBadge('alice', totals(3));
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(4));
    expect(shown).toEqual([2, 0, 4]);
  });

  it('the badge makes no database for an app without a badge', async () => {
    await showOnBadge('alice', totals(1));
    await releaseBadge('alice');
    expect(await indexedDB.databases()).toEqual([]);
  });

  it('without a badge, with a refused badge or with refused storage, nothing happens', async () => {
    vi.stubGlobal('navigator', {});
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(1));
    await releaseBadge('alice');
    expect(await indexedDB.databases()).toEqual([]);
    vi.stubGlobal('navigator', { setAppBadge: () => Promise.reject(new Error('not installed')), clearAppBadge: () => Promise.resolve() });
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(1));
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('no', 'SecurityError');
      },
    });
    await claimBadge('alice', 'messages');
    await showOnBadge('alice', totals(1));
    await releaseBadge('alice');
    expect(shown).toEqual([]);
  });
});
