import 'fake-indexeddb/auto';
import { browserClock } from '../../src/platform/browser-ports.ts';
import { openDexieStore } from '../../src/store/dexie-store.ts';
import { storeContract } from './store.ts';

let made = 0;
storeContract('dexie', () => openDexieStore(`contract-${++made}`, { clock: browserClock }));
