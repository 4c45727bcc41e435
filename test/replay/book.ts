/**
 * The messages stored by the server so far, by conversation, in the server's order: every online device
 * must come to store them.
 */
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

  /** The sender of each message, in order, by peer. */
  conversationsOf(person: string): ReadonlyMap<string, readonly string[]> {
    return this.#conversations.get(person) ?? new Map();
  }
}
