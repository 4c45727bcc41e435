/** What the server has taken so far, by conversation, in its order: what everybody online must come to hold. */
export class Book {
  readonly #conversations = new Map<string, Map<string, string[]>>();

  accepted(from: string, to: string): void {
    const senders = this.#conversations.get(from)?.get(to) ?? [];
    senders.push(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      let mine = this.#conversations.get(one);
      if (!mine) this.#conversations.set(one, (mine = new Map()));
      mine.set(other, senders);
    }
  }

  /** By peer: who sent each message, in order. */
  conversationsOf(person: string): ReadonlyMap<string, readonly string[]> {
    return this.#conversations.get(person) ?? new Map();
  }
}
