/** Random numbers from a seed: the same seed gives the same numbers. Streams forked by name do not influence each other. */

/** A 32-bit hash of a text, with a good spread for seeds. */
const hash = (text: string): number => {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Random numbers from a seed: the same seed gives the same numbers. */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  /** @param seed any text. */
  constructor(private readonly seed: string) {
    this.a = hash(`a${seed}`);
    this.b = hash(`b${seed}`);
    this.c = hash(`c${seed}`);
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** Returns an independent stream: drawing from the stream shifts no number of this one (algorithm sfc32). */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${name}`);
  }

  /** A whole number of 32 bits. */
  u32(): number {
    const t = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return t >>> 0;
  }

  /** [0, 1) */
  next(): number {
    return this.u32() / 2 ** 32;
  }

  /** From 0 to `n` − 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Returns a whole number from `from` to `upTo`, both included. */
  between(from: number, upTo: number): number {
    return from + this.below(upTo - from + 1);
  }

  /** True with this probability. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** @throws for an empty list */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)]!;
  }

  /** Returns an exponentially distributed waiting time: many short, few long. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Returns 128 random bits as text. */
  id(): string {
    return Array.from({ length: 4 }, () => this.u32().toString(16).padStart(8, '0')).join('');
  }
}
