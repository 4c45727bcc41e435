/** The inspector in a tab of its own: `/inspector.html?account=bob`. Its client is one more tab of the account. */
import { createInspector } from 'tidemark/inspector';
import { openAccount } from './account.ts';
import { person, PHONE_OWNERS } from './people.ts';

const account = new URLSearchParams(location.search).get('account');
const owner = PHONE_OWNERS.find((one) => one === account) ?? 'bob';
document.title = `Inside ${person(owner).name}’s client`;
document.body.append(createInspector(openAccount(owner)));
