import 'fake-indexeddb/auto';
import { openDexieStore } from '../../src/store/dexie-store.ts';
import { storeContract } from './store.ts';

let made = 0;
storeContract('dexie', () => openDexieStore(`contract-${++made}`));
