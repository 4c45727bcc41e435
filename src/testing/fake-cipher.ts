/** A cipher for worlds in virtual time: the same text gives the same bytes, and it answers within the same moment. It protects nothing. */
import type { CipherPort } from '../ports/ports.ts';

const MASK = 0x5a5a;

const toBytes = (text: string): Uint8Array => {
  const codes = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i) ^ MASK;
  return new Uint8Array(codes.buffer);
};

const toText = (bytes: Uint8Array): string =>
  Array.from(new Uint16Array(bytes.slice().buffer), (code) => String.fromCharCode(code ^ MASK)).join('');

/** What sealed bytes hold, without the key. */
export const unmasked = (sealed: Uint8Array): { readonly key: unknown; readonly beside: string; readonly text: string } =>
  JSON.parse(toText(sealed)) as ReturnType<typeof unmasked>;

export class FakeCipher implements CipherPort {
  private made = 0;

  constructor(private readonly name = 'key') {}

  async newKey(): Promise<unknown> {
    return `${this.name} ${++this.made}`;
  }

  async seal(key: unknown, text: string, beside: string): Promise<Uint8Array> {
    return toBytes(JSON.stringify({ key, beside, text }));
  }

  async open(key: unknown, sealed: Uint8Array, beside: string): Promise<string> {
    const found = unmasked(sealed);
    if (found.key !== key || found.beside !== beside) throw new Error('this key does not open this text');
    return found.text;
  }
}
