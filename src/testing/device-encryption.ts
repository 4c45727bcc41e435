/** Encrypted texts on a virtual device. */
import type { Ports, StorePort } from '../ports/ports.ts';
import { sealTexts } from '../store/sealed-store.ts';
import { FakeCipher } from './fake-cipher.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** The life of code without a page: no event ever comes. */
export const NO_LIFE: Ports['life'] = { listen: () => () => undefined };

export class DeviceEncryption {
  /** The option `encryption` of the pages that open from now on. null: the device runs no code for it. */
  on: boolean | null = null;
  private readonly cipher: FakeCipher;
  /** The processes of pages that encrypt. */
  private readonly encrypting = new WeakSet<VirtualProcess>();

  constructor(name: string) {
    this.cipher = new FakeCipher(name);
  }

  /** The store for a process of the device. Without a page, it encrypts as the last page did. */
  async seal(store: StorePort, process: VirtualProcess, life: Ports['life']): Promise<StorePort> {
    if (this.on === null) return store;
    if (this.on && life !== NO_LIFE) this.encrypting.add(process);
    return sealTexts(store, this.cipher, process.clock, life === NO_LIFE ? undefined : this.on);
  }

  /** Whether this is the process of a page that encrypts. */
  encrypts(process: VirtualProcess): boolean {
    return this.encrypting.has(process);
  }
}
