import 'fake-indexeddb/auto';
import { browserClock } from '../../src/platform/browser-ports.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { sealTexts } from '../../src/store/sealed-store.ts';
import { FakeCipher } from '../../src/testing/fake-cipher.ts';
import { slowCipher } from '../support/slow-cipher.ts';
import { storeContract } from './store.ts';

let made = 0;
storeContract('memory with encrypted texts', () => sealTexts(createMemoryStore(), new FakeCipher(), browserClock, true));
storeContract('disk with encrypted texts and a slow cipher', async () =>
  sealTexts(await openDiskStore(`sealed-${++made}`, { clock: browserClock }), slowCipher(), browserClock, true),
);
