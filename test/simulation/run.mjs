// `npm run simulate -- …`: see README.md.
import { bundle } from './bundle.mjs';

await import(await bundle());
