/** Unsent hints for other servers, each id once. Above a bound, a single hint of a gap stands for all hints. */
import type { Hint } from './bus.ts';

/** The number of waiting ids. At 128 bytes each they take a few MB. */
const MAX_IDS = 20_000;

const KINDS = ['revoke', 'changes', 'receipts', 'members'] as const;
type Kind = (typeof KINDS)[number];

export class PendingHints {
  private ids: Readonly<Record<Kind, Set<string>>> = PendingHints.none();
  /** The costs of each user. */
  private spent = new Map<string, number>();
  private hasNotices = false;
  private hasGap = false;

  constructor(private readonly maxIds = MAX_IDS) {}

  private static none(): Readonly<Record<Kind, Set<string>>> {
    return { revoke: new Set(), changes: new Set(), receipts: new Set(), members: new Set() };
  }

  add(hint: Hint): void {
    if (hint.kind === 'notices') this.hasNotices = true;
    else if (hint.kind === 'gap') this.hasGap = true;
    else if (hint.kind === 'spent') this.spent.set(hint.userId, (this.spent.get(hint.userId) ?? 0) + hint.cost);
    else for (const id of hint.kind === 'members' ? hint.groupIds : hint.userIds) this.ids[hint.kind].add(id);
    if (KINDS.reduce((sum, kind) => sum + this.ids[kind].size, this.spent.size) <= this.maxIds) return;
    this.ids = PendingHints.none();
    this.spent = new Map();
    this.hasGap = true;
  }

  /** Takes all hints out. */
  take(): readonly Hint[] {
    const { ids, spent, hasNotices, hasGap } = this;
    this.ids = PendingHints.none();
    this.spent = new Map();
    this.hasNotices = this.hasGap = false;
    return [
      ...KINDS.filter((kind) => ids[kind].size > 0).map((kind): Hint =>
        kind === 'members' ? { kind, groupIds: [...ids[kind]] } : { kind, userIds: [...ids[kind]] },
      ),
      ...[...spent].map(([userId, cost]) => ({ kind: 'spent', userId, cost }) as const),
      ...(hasNotices ? [{ kind: 'notices' } as const] : []),
      ...(hasGap ? [{ kind: 'gap' } as const] : []),
    ];
  }
}
