/** The worker that the page's door starts by itself: self-contained, the one entry with a side effect. */
import { startReceiptWorker } from './host.ts';

startReceiptWorker();
