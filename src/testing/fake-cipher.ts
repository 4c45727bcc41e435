/**
 * The browser's cipher over a fake WebCrypto, for worlds in virtual time: the same calls give the same bytes, and it answers within the same
 * moment. It protects nothing.
 */
import type { CipherPort } from '../ports/ports.ts';
import { NONCE_BYTES, webCipher } from '../store/web-cipher.ts';

type Web = Parameters<typeof webCipher>[0];

const MASK = 0x5a;

const textOf = (bytes: BufferSource): string => new TextDecoder().decode(bytes);
const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ MASK);
const unmaskedRest = (bytes: Uint8Array): unknown => JSON.parse(textOf(masked(bytes).slice()));

/** What sealed bytes hold, without the key. */
export const unmasked = (sealed: Uint8Array): { readonly key: unknown; readonly beside: string; readonly text: string } =>
  unmaskedRest(sealed.slice(NONCE_BYTES)) as ReturnType<typeof unmasked>;

const fakeWeb = (name: string): Web => {
  let keys = 0;
  let nonces = 0;
  const besideOf = ({ additionalData }: { readonly additionalData?: BufferSource }): string => textOf(additionalData!);
  const subtle = {
    generateKey: async () => `${name} ${++keys}`,
    encrypt: async (how: AesGcmParams, key: unknown, data: BufferSource) =>
      masked(new TextEncoder().encode(JSON.stringify({ key, beside: besideOf(how), text: textOf(data) }))).buffer,
    decrypt: async (how: AesGcmParams, key: unknown, data: Uint8Array) => {
      const found = unmaskedRest(data) as ReturnType<typeof unmasked>;
      if (found.key !== key || found.beside !== besideOf(how)) throw new Error('this key does not open this text');
      return new TextEncoder().encode(found.text).buffer;
    },
  };
  const getRandomValues = (bytes: Uint8Array): Uint8Array => {
    new DataView(bytes.buffer).setUint32(0, ++nonces);
    return bytes;
  };
  return { subtle, getRandomValues } as unknown as Web;
};

export class FakeCipher implements CipherPort {
  private readonly cipher: CipherPort;

  constructor(name = 'key') {
    this.cipher = webCipher(fakeWeb(name));
  }

  newKey(): Promise<unknown> {
    return this.cipher.newKey();
  }

  seal(key: unknown, text: string, beside: string): Promise<Uint8Array> {
    return this.cipher.seal(key, text, beside);
  }

  open(key: unknown, sealed: Uint8Array, beside: string): Promise<string> {
    return this.cipher.open(key, sealed, beside);
  }
}
