/**
 * Judges each confirmation of the server at the moment when the device hears it: what the entry says is in the tables by then, joined with
 * what other devices said (I-2, I-3). The end of the world is too late for this: a later call may have covered the loss.
 */
import type { ServerFrame } from '../../src/protocol/frames.ts';
import type { WireEntry } from '../../src/protocol/submit.ts';
import { chatOf } from './book.ts';
import type { Simulation } from './simulation.ts';
import { has, type Part } from './truths.ts';

type Receipts = Extract<WireEntry, { readonly kind: 'receipts' }>;
type Pairs = readonly (readonly [number, number])[];

const seqsOf = (ranges: Pairs | undefined): number[] =>
  (ranges ?? []).flatMap(([from, upTo]) => Array.from({ length: upTo - from + 1 }, (_, i) => from + i));

/** What the tables lack of the entry. The flag with the higher count wins, and on a tie `false` wins. */
const missing = ({ position, cleared, muted, marked, archived }: Receipts, { readUpTo, flags, ...part }: Part): string | undefined => {
  if (position !== undefined && position > readUpTo) return `the position ${position}, and the server has ${readUpTo}`;
  for (const seq of seqsOf(cleared)) if (seq > readUpTo && !has(part.cleared, seq)) return `that ${seq} is cleared`;
  for (const [name, said] of Object.entries({ muted, marked, archived })) {
    const kept = flags[name as keyof typeof flags];
    if (said && (said.count > kept.count || (said.count === kept.count && !said.value && kept.value)))
      return `${name} ${JSON.stringify(said)}, and the server has ${JSON.stringify(kept)}`;
  }
  if (archived?.value && flags.archived.value && archived.count === flags.archived.count && archived.at > flags.archived.at)
    return `archived at ${archived.at}, and the server has ${flags.archived.at}`;
  if (marked?.value && flags.marked.value && marked.count === flags.marked.count)
    for (const seq of seqsOf(marked.cleared)) if (!has(part.clearedSince, seq)) return `that ${seq} is cleared under the mark`;
  return undefined;
};

export class Confirmed {
  private readonly entries = new Map<string, Receipts>();

  constructor(private readonly sim: Simulation) {}

  submits(entries: readonly WireEntry[]): void {
    for (const entry of entries) if (entry.kind === 'receipts') this.entries.set(entry.key, entry);
  }

  hears(user: string, process: string, frame: ServerFrame): void {
    const { sim } = this;
    if (frame.type !== 'answer' || sim.restored) return;
    for (const { key, outcome } of frame.results) {
      const entry = outcome === 'confirmed' ? this.entries.get(key) : undefined;
      const chat = entry && chatOf(user, entry.conversationId);
      const part = chat === undefined ? undefined : sim.truths.get(chat)?.parts.get(user);
      if (!entry || !part || (sim.membersChanged && chat!.startsWith('group:'))) continue;
      const lost = missing(entry, part);
      if (lost !== undefined) sim.violated('I-3', `${process} hears that ${key} of ${chat!} is confirmed: ${lost}`);
    }
  }
}
