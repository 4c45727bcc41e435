import 'fake-indexeddb/auto';
import { browserClock } from '../../src/platform/browser-ports.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import { storeContract } from './store.ts';

let made = 0;
storeContract('disk', () => openDiskStore(`contract-${++made}`, { clock: browserClock }));
