/**
 * The server's rules for groups, as the server last answered. The card changes them; open chats ask again
 * after a change.
 */
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { type GroupRules, setRules } from './dev-server.ts';

const known$ = new BehaviorSubject<GroupRules>({ groups: true, visibleTo: 'sender' });

export const rules$: Observable<GroupRules> = known$.pipe(
  distinctUntilChanged((a, b) => a.groups === b.groups && a.visibleTo === b.visibleTo),
);

/**
 * Changes the named rules; an empty object only asks for the rules. @throws {Error} if the server does not
 * answer.
 */
export const changeRules = async (rules: Partial<GroupRules>): Promise<void> => known$.next(await setRules(rules));
