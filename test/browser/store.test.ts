import { browserClock } from '../../src/platform/browser-ports.ts';
import { openDexieStore } from '../../src/store/dexie-store.ts';
import { storeContract } from '../contract/store.ts';

let made = 0;
storeContract('dexie in a real browser', () => openDexieStore(`contract-${performance.timeOrigin}-${++made}`, { clock: browserClock }));
