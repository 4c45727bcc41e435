/** What a server does with the hints of its bus. */
import { CLOSE } from '../protocol/close-codes.ts';
import type { Hint } from './bus/bus.ts';
import type { Core } from './core.ts';

/** Acts on one hint. Hints may come twice and in any order. @param notices absent if no other server shares the store. */
export const heedHint = (
  { connections, groups, buckets, policy, clock }: Pick<Core, 'connections' | 'groups' | 'buckets' | 'policy' | 'clock'>,
  notices: { read(): Promise<void> } | undefined,
  hint: Hint,
): void => {
  switch (hint.kind) {
    case 'changes':
    case 'receipts':
      for (const userId of hint.userIds) for (const connection of connections.of(userId)) connection.wake(hint.kind, hint.told);
      return;
    case 'revoke':
      for (const userId of hint.userIds)
        for (const connection of [...connections.of(userId)]) connection.end(CLOSE.unauthorized, 'auth/forbidden');
      return;
    case 'members':
      groups.distrust(hint.groupIds);
      return;
    case 'spent':
      buckets.spentElsewhere(hint.userId, hint.cost, policy().rate, clock.mono());
      return;
    case 'notices':
      void notices?.read();
      return;
    case 'gap':
      void notices?.read();
      for (const connection of connections.all()) connection.wake();
  }
};
