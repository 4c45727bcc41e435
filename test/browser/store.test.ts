import { browserClock } from '../../src/platform/browser-ports.ts';
import { openDiskStore } from '../../src/store/disk-store.ts';
import { storeContract } from '../contract/store.ts';

let made = 0;
storeContract('dexie in a real browser', () => openDiskStore(`contract-${performance.timeOrigin}-${++made}`, { clock: browserClock }));
