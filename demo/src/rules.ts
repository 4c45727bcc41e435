/** What the server allows in groups, as this page last heard: the card changes it, open chats ask anew when it changes. */
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { type GroupRules, setRules } from './dev-server.ts';

const known$ = new BehaviorSubject<GroupRules>({ groups: true, visibleTo: 'sender' });

export const rules$: Observable<GroupRules> = known$.pipe(
  distinctUntilChanged((a, b) => a.groups === b.groups && a.visibleTo === b.visibleTo),
);

/** Nothing named only asks. @throws {Error} where the server does not answer. */
export const changeRules = async (rules: Partial<GroupRules>): Promise<void> => known$.next(await setRules(rules));
