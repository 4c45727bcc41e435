import { createMemoryStore } from '../../src/store/memory-store.ts';
import { storeContract } from './store.ts';

storeContract('memory', () => Promise.resolve(createMemoryStore()));
