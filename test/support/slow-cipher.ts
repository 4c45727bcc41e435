/** A cipher that answers in later turns of the event loop, as WebCrypto does: IndexedDB ends a transaction that only waits. */
import type { CipherPort } from '../../src/ports/ports.ts';
import { FakeCipher } from '../../src/testing/fake-cipher.ts';

export const slowCipher = (ms = 5): CipherPort => {
  const cipher = new FakeCipher();
  const later = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
  return {
    newKey: () => cipher.newKey(),
    seal: async (...given) => {
      await later();
      return cipher.seal(...given);
    },
    open: async (...given) => {
      await later();
      return cipher.open(...given);
    },
  };
};
