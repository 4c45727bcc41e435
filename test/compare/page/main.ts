/** The page of one contestant, by the name in the address. */
import type { Contestant } from './contestant.ts';

const name = new URLSearchParams(location.search).get('contestant');
const loaded = (await import(`./contestants/${name}.ts`)) as { readonly contestant: Contestant };
window.contestant = loaded.contestant;
