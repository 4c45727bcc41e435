/** Encrypts by WebCrypto: AES-GCM with 256 bits, and a new random nonce of 12 bytes before each text. */
import type { CipherPort } from '../ports/ports.ts';

export const NONCE_BYTES = 12;

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const how = (iv: Uint8Array<ArrayBuffer>, beside: string): AesGcmParams => ({ name: 'AES-GCM', iv, additionalData: bytesOf(beside) });

/** @param web the WebCrypto of the browser. */
export const webCipher = (web: Pick<Crypto, 'getRandomValues' | 'subtle'>): CipherPort => ({
  newKey: () => web.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
  async seal(key, text, beside) {
    const iv = web.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = new Uint8Array(await web.subtle.encrypt(how(iv, beside), key as CryptoKey, bytesOf(text)));
    const all = new Uint8Array(NONCE_BYTES + sealed.length);
    all.set(iv);
    all.set(sealed, NONCE_BYTES);
    return all;
  },
  async open(key, sealed, beside) {
    const iv = sealed.slice(0, NONCE_BYTES);
    return new TextDecoder().decode(await web.subtle.decrypt(how(iv, beside), key as CryptoKey, sealed.slice(NONCE_BYTES)));
  },
});
