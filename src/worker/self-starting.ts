/** The worker's script for the page's default option. Self-contained, and the only entry with a side effect. */
import { startReceiptWorker } from './host.ts';

startReceiptWorker();
