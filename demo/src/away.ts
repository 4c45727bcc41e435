/** Who has left the group on this page. No door of the server tells who is in a group; what was asked of it here, this browser remembers. */
import { BehaviorSubject, type Observable } from 'rxjs';
import type { UserId } from 'tidemark';
import { OTHERS } from './people.ts';

const KEY = 'tidemark-demo:away';

const restore = (): ReadonlySet<UserId> => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return new Set(OTHERS.filter((userId) => Array.isArray(kept) && kept.includes(userId)));
  } catch {
    return new Set();
  }
};

const known$ = new BehaviorSubject(restore());

export const away$: Observable<ReadonlySet<UserId>> = known$;

const keep = (away: ReadonlySet<UserId>): void => {
  known$.next(away);
  try {
    localStorage.setItem(KEY, JSON.stringify([...away]));
  } catch {
    // After a reload everybody seems to be there; the server knows better and is asked again with the next press.
  }
};

export const setAway = (userId: UserId, away: boolean): void =>
  keep(new Set(OTHERS.filter((one) => (one === userId ? away : known$.value.has(one)))));

/** The group was made anew. */
export const everybodyIsThere = (): void => keep(new Set());
