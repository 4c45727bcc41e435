/**
 * The people who have left the group. The server has no endpoint for the members of a group, so this browser
 * remembers its own changes.
 */
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
    // Without storage, a reload shows all people as members again. The next press asks the server anew.
  }
};

export const setAway = (userId: UserId, away: boolean): void =>
  keep(new Set(OTHERS.filter((one) => (one === userId ? away : known$.value.has(one)))));

/** Forgets all departures: the group was created anew. */
export const resetAway = (): void => keep(new Set());
